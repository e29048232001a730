/** The text of the WebAssembly module, as pack.mjs makes it. */
declare module '*.wasm' {
  const text: string;
  export default text;
}

/** The base64url of the module that makes the bytes of that text again. */
declare module '*.wat' {
  const base64url: string;
  export default base64url;
}

/** The package's, which bundle.mjs puts here. */
declare const VERSION: string;
