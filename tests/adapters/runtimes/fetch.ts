// Where the platform's types have fetch, what the manager takes and gives are
// the platform's.
import { auth } from './anywhere.js';

export const response: Response = await auth.fetch(new Request('https://api.example.com/posts'), { signal: AbortSignal.timeout(1000) });
export const found: Response = await auth.fetch(new URL('https://api.example.com/posts'), { headers: new Headers({ a: 'b' }), body: new URLSearchParams(), method: 'PUT' });
/** A plain wrapper is a fetch. */
export const wrapper: (...parameters: Parameters<typeof fetch>) => Promise<Response> = (input, init) => auth.fetch(input, init);
