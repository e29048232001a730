// The reference of the options, as Markdown, made of the package's types.
import ts from 'typescript';

/** Which declarations become a section, and under which heading. */
const SECTIONS = [
  ['TokenManagerConfig', '`createTokenManager(config)`'],
  ['Endpoint', 'An endpoint'],
  ['Csrf', 'Double-submit cookies'],
  ['CustomStorage', 'A storage of your own'],
  ['RefreshContext', 'What a refresh function gets'],
  ['TokenSet', 'Tokens, for `setTokens` and from a refresh function'],
  ['Clock', 'A clock'],
];

/** Gives the Markdown for index.d.ts. */
export function options(types) {
  const program = ts.createProgram([types], { noLib: true, noResolve: true });
  const file = program.getSourceFile(types);
  const checker = program.getTypeChecker();
  const declared = new Map(
    file.statements
      .filter((node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
      .map((node) => [node.name.text, node]),
  );

  const sections = SECTIONS.map(([name, heading]) => {
    const node = declared.get(name);
    if (!node) throw new Error(`${types} declares no ${name}`);
    const about = name === 'TokenManagerConfig' ? '' : `${said(checker.getSymbolAtLocation(node.name), checker)}\n`;
    const members = name === 'TokenManagerConfig' ? [...own(node.type), ...own(declared.get('Options'))] : own(node);
    // Of a member in both halves of a union, the first says what it is.
    const shown = new Map(members.map((member) => entry(member, file, checker)).reverse());
    return `## ${heading}\n\n${about}\n${[...shown.values()].reverse().join('\n\n')}`;
  });
  return sections.join('\n\n');
}

/** The members that a declaration writes out, in whatever part of it. */
function own(node) {
  const found = [];
  const visit = (part) => {
    if (ts.isPropertySignature(part) || ts.isMethodSignature(part)) {
      found.push(part);
    } else if (ts.isInterfaceDeclaration(part) || ts.isTypeLiteralNode(part)) {
      part.members.forEach(visit);
    } else if (ts.isUnionTypeNode(part) || ts.isIntersectionTypeNode(part) || ts.isParenthesizedTypeNode(part)) {
      ts.forEachChild(part, visit);
    }
  };
  visit(node);
  // The half of a union that only says that something is not there.
  return found.filter((member) => member.type?.kind !== ts.SyntaxKind.UndefinedKeyword);
}

function said(symbol, checker) {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).replaceAll(/\s*\n\s*/g, ' ');
}

/** One member: its name, and how it is shown. */
function entry(member, file, checker) {
  const name = member.name.getText(file);
  const optional = member.questionToken ? '?' : '';
  const signature = ts.isMethodSignature(member)
    ? member.getText(file).replace(/;$/, '')
    : `${name}${optional}: ${member.type.getText(file).replaceAll(/\s*\n\s*/g, ' ').replace(/^\| /, '')}`;
  const text = said(checker.getSymbolAtLocation(member.name), checker);
  return [name, `### ${name}\n\n\`\`\`ts\n${signature}\n\`\`\`\n\n${text}`];
}
