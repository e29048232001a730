import { askBeforeTheEnd } from './session-end.js';
import { REASONS, auth, expire, explain, listPosts } from './session.js';

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

const form = element<HTMLFormElement>('sign-in');
const posts = element('posts');
const list = element('list');

function say(id: 'sign-in-message' | 'posts-message', text: string) {
  element(id).textContent = text;
}

async function load() {
  try {
    const items = (await listPosts()).map(({ attributes }) => {
      const item = document.createElement('li');
      const title = document.createElement('strong');
      title.textContent = attributes.title;
      item.append(title, attributes.content);
      return item;
    });
    list.replaceChildren(...items);
    say('posts-message', '');
  } catch (error) {
    say('posts-message', explain(error));
  }
}

function show() {
  const { status, stale, expiresAt } = auth.snapshot;
  const signedIn = status === 'signed-in';
  if (signedIn && posts.hidden) void load();
  if (!signedIn) list.replaceChildren();
  posts.hidden = !signedIn;
  form.hidden = status !== 'signed-out';
  // The server may not have said yet whether somebody is signed in.
  element('waiting').hidden = status !== 'unknown';
  element('waiting').textContent = stale ? 'No connection. Trying again.' : 'One moment.';
  const until = expiresAt === null ? 'its end' : new Date(expiresAt).toLocaleTimeString();
  element('token').textContent = `Token until ${until}, renewals: ${auth.inspect().refreshes}`;
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    await auth.login(Object.fromEntries(new FormData(form)));
  } catch (error) {
    say('sign-in-message', explain(error));
  }
});
element('load').addEventListener('click', load);
element('expire').addEventListener('click', async () => {
  await expire();
  say('posts-message', 'The server refuses the token now. Load again: it is renewed on the way.');
});
element('sign-out').addEventListener('click', () => auth.logout());

askBeforeTheEnd(element<HTMLDialogElement>('session-end'));
auth.subscribe(show);
auth.on('signed-in', () => say('sign-in-message', ''));
auth.on('signed-out', ({ reason }) => say('sign-in-message', REASONS[reason]));
show();
// A refresh cookie may be there, and only the server knows: asks until it answers.
auth.restore().catch(() => {});
