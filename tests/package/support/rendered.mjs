/** What a server has rendered into the page: the globals that the import of
 * the package touched there, and the state of a session. */
export async function rendered(url) {
  const response = await fetch(url);
  const html = await response.text();
  const content = (id) => new RegExp(`id="?${id}"?[^>]*>(?:<!--.*?-->)*([^<]*)<`).exec(html)?.[1];
  const [touched, session] = [content('touched'), content('session')];
  if (!response.ok || !touched || !session) throw new Error(`${url}: expected a rendered page, found status ${response.status}:\n${html.slice(0, 3000)}`);
  return { touched, session };
}
