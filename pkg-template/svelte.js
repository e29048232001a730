export function tokenStore(manager, select = (snapshot) => snapshot) {
  return {
    subscribe(run) {
      let shown = select(manager.snapshot);
      run(shown);
      return manager.subscribe((snapshot) => {
        const next = select(snapshot);
        if (!Object.is(next, shown)) run((shown = next));
      });
    },
  };
}
