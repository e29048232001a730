/** What a server has rendered into the page: the globals that the import of
 * the package touched there. */
export async function rendered(url) {
  const response = await fetch(url);
  const html = await response.text();
  const found = /id="?touched"?[^>]*>(?:<!--.*?-->)*([^<]*)</.exec(html);
  if (!response.ok || !found) throw new Error(`${url}: expected a rendered page, found status ${response.status}:\n${html.slice(0, 3000)}`);
  return found[1];
}
