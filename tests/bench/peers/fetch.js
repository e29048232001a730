export const title = 'bare fetch with a header set by hand';
/** It never refreshes. */
export const refreshes = false;

export async function make({ api, access }) {
  return { get: (path) => fetch(api + path, { headers: { Authorization: `Bearer ${access}` } }) };
}
