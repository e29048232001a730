// An application: shows what only somebody who is signed in may see.
const { auth, signIn, load, signOut } = await import(kit.module);

const data = document.querySelector('#data');
auth.subscribe(({ status }) => {
  if (status === 'signed-out') data.textContent = '';
});
for (const type of kit.TYPES) auth.on(type, (event) => kit.events.push(event));

kit.ready({
  auth,
  signIn,
  load,
  signOut,
  async show() {
    data.textContent = JSON.stringify(await load());
  },
});
