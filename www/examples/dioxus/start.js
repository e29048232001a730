// A file of its own: a Content-Security-Policy forbids it in the page.
import init from './app.js';

await init();
