// Which tests of the rules are not run over the Rust host, and why.
const TYPES = 'what it hands over is of a type that Rust does not let through';
const LOADING = "how a module is loaded is its application's";
const SERVER = "a server's manager is nobody's: tests/server.rs";

export const NOT_OVER_THE_CRATE = {
  'rule 3: a stream is not sent twice: the caller gets the 401, the refresh happens (E1)': "a web_sys::Request can be cloned whatever its body was made of, and does not say; a body that is given as one is in tests/client/requests.rs",
  'rule 11: an entry of another type is refused at creation': TYPES,
  'rule 11: a URL with a password gets no token': 'no Request can be made of it',
  'rule 12: the headers that the caller of login asks for go with it': 'SignIn has none',
  'rule 12: constant fields may be objects': 'Field is a text, a number or a flag',
  'rule 12: the body of a login may be a form or a text': 'login takes something with named fields',
  'rule 12: a credentials mode that the caller set to same-origin stays': "it is every Request's default, and a Request does not say who set it",
  'rule 15: a page whose storage and WebAssembly are forbidden can import it (L7)': LOADING,
  'rule 15: importing in Node.js touches nothing (L1)': LOADING,
  'rule 15: on a server the manager works with memory storage and the given fetch, and keeps no process (L1)': SERVER,
  'rule 15: on a server a storage that only browsers have degrades to memory': SERVER,
  'rule 15: without a page a relative URL is no error until it is used, and is one then': SERVER,
};
