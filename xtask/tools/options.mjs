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

/**
 * @typedef {ts.InterfaceDeclaration | ts.TypeAliasDeclaration} Declaration
 * @typedef {ts.PropertySignature | ts.MethodSignature} Member
 */

/**
 * Gives the Markdown for index.d.ts.
 * @param {string} types its path
 */
export function options(types) {
  const program = ts.createProgram([types], { noLib: true, noResolve: true });
  const file = /** @type {ts.SourceFile} */ (program.getSourceFile(types));
  const checker = program.getTypeChecker();
  /** @param {string} name */
  const declaration = (name) => {
    const found = declared.get(name);
    if (!found) throw new Error(`${types} declares no ${name}`);
    return found;
  };
  const declared = new Map(
    file.statements
      .filter((node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
      .map((node) => /** @type {[string, Declaration]} */ ([node.name.text, node])),
  );

  const sections = SECTIONS.map(([name, heading]) => {
    const node = declaration(name);
    const about = name === 'TokenManagerConfig' ? '' : `${said(checker.getSymbolAtLocation(node.name), checker)}\n`;
    const members = name === 'TokenManagerConfig' ? [...own(/** @type {ts.TypeAliasDeclaration} */ (node).type), ...own(declaration('Options'))] : own(node);
    // Of a member in both halves of a union, the first says what it is.
    const shown = new Map(members.map((member) => entry(member, file, checker)).reverse());
    return `## ${heading}\n\n${about}\n${[...shown.values()].reverse().join('\n\n')}`;
  });
  return sections.join('\n\n');
}

/**
 * The members that a declaration writes out, in whatever part of it.
 * @param {ts.Node} node
 */
function own(node) {
  /** @type {Member[]} */
  const found = [];
  /** @param {ts.Node} part */
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

/** @type {(symbol: ts.Symbol | undefined, checker: ts.TypeChecker) => string} */
function said(symbol, checker) {
  return ts.displayPartsToString(symbol?.getDocumentationComment(checker)).replaceAll(/\s*\n\s*/g, ' ');
}

/**
 * One member: its name, and how it is shown.
 * @type {(member: Member, file: ts.SourceFile, checker: ts.TypeChecker) => [name: string, shown: string]}
 */
function entry(member, file, checker) {
  const name = member.name.getText(file);
  const optional = member.questionToken ? '?' : '';
  const signature = ts.isMethodSignature(member)
    ? member.getText(file).replace(/;$/, '')
    : `${name}${optional}: ${member.type?.getText(file).replaceAll(/\s*\n\s*/g, ' ').replace(/^\| /, '')}`;
  const text = said(checker.getSymbolAtLocation(member.name), checker);
  return [name, `### ${name}\n\n\`\`\`ts\n${signature}\n\`\`\`\n\n${text}`];
}
