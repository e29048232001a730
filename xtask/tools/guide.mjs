// Renders the guide: guide.mjs PAGES TYPES FAILURES
//
// PAGES is the folder of the Markdown files, beside which each becomes a page
// of HTML. TYPES is index.d.ts, of which the reference of the options is made,
// and FAILURES the document with the table of peers' failures.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Marked } from 'marked';
import { markdown } from './pages.mjs';

const [pages, types, failures] = process.argv.slice(2);

/**
 * The order of the pages. One that is not named here comes last.
 * @type {[title: string, names: string[]][]}
 */
const ORDER = [
  ['Start', ['quick-start', 'options', 'errors', 'sessions', 'server-rendering', 'migrating']],
  ['Backends', ['oauth', 'strapi4', 'strapi5', 'strapi5-plugin', 'nestjs', 'express', 'bff']],
  ['Frameworks', ['axios', 'react', 'vue', 'svelte', 'angular', 'react-native', 'sockets', 'libraries', 'state', 'testing']],
  ['Background', ['how-it-works', 'security', 'failures', 'limits']],
];

/** @param {string} text */
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
/**
 * How often an anchor is on the page that is being rendered.
 * @type {Map<string, number>}
 */
const anchors = new Map();
/** @param {string} text */
const slug = (text) => text.toLowerCase().replaceAll(/[^\p{Letter}\p{Number}\s-]/gu, '').trim().replaceAll(/\s+/g, '-');

const marked = new Marked({
  renderer: {
    // Wide ones scroll, and are reached by the keyboard.
    table(token) {
      /** @type {(name: string, text: string) => string} */
      const cell = (name, text) => `<${name}>${text}</${name}>`;
      /** @type {(cells: import('marked').Tokens.TableCell[], name: string) => string} */
      const row = (cells, name) =>
        `<tr>${cells.map(({ text, tokens }) => cell(text ? name : 'td', this.parser.parseInline(tokens))).join('')}</tr>`;
      const head = token.header.some(({ text }) => text) ? `<thead>${row(token.header, 'th')}</thead>` : '';
      return `<div class="wide" tabindex="0"><table>${head}<tbody>${token.rows.map((cells) => row(cells, 'td')).join('')}</tbody></table></div>`;
    },
    code({ text, lang }) {
      const lines = lang === 'diff' ? text.split('\n').map(changed).join('\n') : escape(text);
      return `<pre tabindex="0"><code>${lines}</code></pre>`;
    },
    heading({ tokens, depth, text }) {
      const anchor = slug(text);
      const times = anchors.get(anchor) ?? 0;
      anchors.set(anchor, times + 1);
      return `<h${depth} id="${times ? `${anchor}-${times}` : anchor}">${this.parser.parseInline(tokens)}</h${depth}>`;
    },
    link({ href, tokens }) {
      return `<a href="${escape(href.replace(/^([\w-]+)\.md(?=#|$)/, '$1.html'))}">${this.parser.parseInline(tokens)}</a>`;
    },
    image({ href, text }) {
      // A drawing of the guide takes the colours of the page. A wide one scrolls, as tables do.
      if (href.endsWith('.svg')) return `<span class="wide" tabindex="0">${readFileSync(join(pages, href), 'utf8')}</span>`;
      return `<img src="${escape(href)}" alt="${escape(text)}">`;
    },
  },
});

/** @param {string} line */
function changed(line) {
  const name = /** @type {Record<string, string>} */ ({ '+': 'ins', '-': 'del' })[line[0]];
  return name ? `<${name}>${escape(line)}</${name}>` : escape(line);
}

const sources = markdown(pages, types, failures);
const there = [...sources.keys()];
const named = ORDER.flatMap(([, names]) => names);
const groups = /** @type {typeof ORDER} */ ([...ORDER, ['More', there.filter((name) => !named.includes(name)).sort()]])
  .map(([title, names]) => /** @type {const} */ ([title, names.filter((name) => there.includes(name))]))
  .filter(([, names]) => names.length);
/** @param {string} name */
const titleOf = (name) => /** @type {RegExpExecArray} */ (/^# (.+)$/m.exec(sources.get(name) ?? ''))[1];

/** @param {string} current */
const navigation = (current) =>
  groups
    .map(([title, names]) => {
      const items = names.map((name) => {
        const here = name === current ? ' aria-current="page"' : '';
        return `<li><a href="${name}.html"${here}>${escape(titleOf(name))}</a></li>`;
      });
      return `<li><strong>${title}</strong><ul>${items.join('')}</ul></li>`;
    })
    .join('\n');

/** @type {(title: string, current: string, body: string) => string} */
const page = (title, current, body) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escape(title)} · Evertoken</title>
    <link rel="icon" href="../favicon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="../style.css">
    <link rel="stylesheet" href="../guide.css">
  </head>
  <body class="guide">
    <a class="skip" href="#content">Skip to the text</a>
    <header class="top">
      <img src="../favicon.svg" alt="" width="36" height="36">
      <div>
        <p class="name"><a href="./">Evertoken</a></p>
        <p>The guide</p>
      </div>
      <nav class="places" aria-label="Site"><a href="../">Demonstration</a> <a href="../bench.html">Benchmark</a></nav>
    </header>
    <div class="columns">
      <nav class="pages" aria-label="Guide">
        <ul>
${navigation(current)}
        </ul>
      </nav>
      <main id="content" tabindex="-1">
${body}
      </main>
    </div>
  </body>
</html>
`;

/**
 * The way on, below a page.
 * @param {string} name
 */
function onward(name) {
  const order = groups.flatMap(([, names]) => names);
  const at = order.indexOf(name);
  /** @type {(other: string | undefined, rel: string, text: (title: string) => string) => string} */
  const link = (other, rel, text) => (other ? `<a rel="${rel}" href="${other}.html">${text(escape(titleOf(other)))}</a>` : '<span></span>');
  return `<nav class="onward" aria-label="Next pages">${link(order[at - 1], 'prev', (title) => `← ${title}`)}${link(order[at + 1], 'next', (title) => `${title} →`)}</nav>`;
}

for (const [name, text] of sources) {
  anchors.clear();
  writeFileSync(join(pages, `${name}.html`), page(titleOf(name), name, marked.parse(text) + onward(name)));
}

const cards = groups.map(([title, names]) => {
  const items = names.map((name) => `<li><a href="${name}.html">${escape(titleOf(name))}</a></li>`);
  return `<section class="card"><h2>${title}</h2><ul>${items.join('')}</ul></section>`;
});
const index = `<h1>Evertoken, the guide</h1>
<p>Evertoken keeps a user signed in. It sends the access token to your API, renews it before it ends, sends a request that
got a 401 once more with a new token, and signs the user out only when the server has ended the session.</p>
<p><a class="button" href="quick-start.html">Quick start</a></p>
<div class="cards">${cards.join('\n')}</div>`;
writeFileSync(join(pages, 'index.html'), page('The guide', 'index', index));
