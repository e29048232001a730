//! A server behind the page's `fetch`: an authorization server and a resource
//! server in one, as strict as servers get. Each has an origin of its own; the
//! clock of the page can be set forth.

use evertoken::{Config, Endpoint};
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

const SOURCE: &str = r#"
  if (!globalThis.servers) {
    globalThis.servers = new Map();
    const real = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      const url = new URL(input.url ?? input);
      const server = servers.get(url.origin);
      return server ? server.serve(input, init, url) : real(input, init);
    };
    const now = Date.now;
    globalThis.ahead = 0;
    Date.now = () => now() + ahead;
    const monotonic = performance.now.bind(performance);
    performance.now = () => monotonic() + ahead;
  }
  const base64 = (value) => btoa(JSON.stringify(value)).replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
  const server = {
    calls: [], count: 0, valid: new Set(), rotating: new Set(), plans: [], waits: new Set(),
    issue(user) {
      const id = ++server.count;
      const iat = Math.floor(Date.now() / 1000);
      const accessToken = [{ alg: 'none' }, { sub: user, iat, exp: iat + 600, jti: id, roles: ['reader'] }].map(base64).join('.') + '.x';
      const refreshToken = `rt-${id}-${user}`;
      server.valid.add(accessToken);
      server.rotating.add(refreshToken);
      return { accessToken, refreshToken, expiresIn: 600 };
    },
    /** Answers the next calls of a path with a status; 0 never does, -1 has
     * the network fail, -2 rejects with what is no error. */
    plan(path, status, body, times) { server.plans.push({ path, status, body, times }); },
    hold(path) { let open; server.held = { path, gate: new Promise((resolve) => (open = resolve)) }; server.held.open = open; },
    release() { server.held?.open(); server.held = undefined; },
    async arrived(path, count) {
      while (server.of(path).length < count) await new Promise((resolve) => server.waits.add(resolve));
    },
    of(path) { return server.calls.filter((call) => call.path === path); },
    async serve(request, init, url) {
      const signal = init?.signal ?? request.signal;
      if (signal.aborted) throw signal.reason;
      const call = {
        path: url.pathname, search: url.search, method: request.method, body: await request.text(), credentials: init?.credentials ?? request.credentials,
        redirect: init?.redirect ?? request.redirect, keepalive: !!init?.keepalive, headers: Object.fromEntries(request.headers),
      };
      server.calls.push(call);
      signal.addEventListener('abort', () => (call.aborted = String(signal.reason)));
      for (const wake of server.waits) wake();
      const aborted = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      return Promise.race([server.answer(call), aborted]);
    },
    async answer(call) {
      const { held } = server;
      if (held?.path === call.path) await held.gate;
      const plan = server.plans.find(({ path, times }) => path === call.path && times > 0);
      if (plan) {
        plan.times--;
        if (plan.status === -1) throw new TypeError('Failed to fetch');
        if (plan.status === -2) throw 'no error at all';
        if (plan.status === 0) await new Promise(() => {});
        return new Response(plan.body, { status: plan.status, headers: { 'content-type': 'application/json' } });
      }
      const json = (value, status = 200) => new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } });
      const user = /alice|bob/.exec(call.body)?.[0];
      if (call.path === '/login') return user ? json(server.issue(user)) : json({ reason: 'wrong password' }, 401);
      const token = /rt-[^"&]+/.exec(call.body)?.[0];
      if (call.path === '/refresh') return server.rotating.delete(token) ? json(server.issue(user)) : json({}, 401);
      if (call.path === '/logout') return server.rotating.delete(token), new Response(null, { status: 204 });
      return server.valid.has(call.headers.authorization?.slice(7)) ? json({ method: call.method, body: call.body }) : json({}, 401);
    },
  };
  servers.set(origin, server);
  return server;
"#;

pub struct Server {
    name: &'static str,
    pub origin: String,
    server: JsValue,
}

/// A call as it arrived.
pub struct Call(JsValue);

impl Call {
    pub fn text(&self, name: &str) -> String {
        get(&self.0, name).as_string().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<String> {
        get(&get(&self.0, "headers"), name).as_string()
    }
}

impl Server {
    /// Starts a server, whose name is the key of the managers that use it.
    pub fn start(name: &'static str) -> Self {
        let origin = format!("https://{name}.example");
        let make = Function::new_with_args("origin", SOURCE);
        let server = make.call1(&JsValue::NULL, &origin.as_str().into());
        Self {
            name,
            origin,
            server: server.expect("a server"),
        }
    }

    pub fn config(&self) -> Config {
        Config::new()
            .key(self.name)
            .base_url(&*self.origin)
            .login("/login")
            .refresh(Endpoint::new("/refresh").field("client", "rust"))
            .logout("/logout")
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn call(&self, name: &str, arguments: &[JsValue]) -> JsValue {
        let function: Function = get(&self.server, name).unchecked_into();
        let arguments: Array = arguments.iter().collect();
        function
            .apply(&self.server, &arguments)
            .expect("no exception")
    }

    /// Answers the next calls of a path with a status.
    pub fn plan(&self, path: &str, status: i32, body: Option<&str>, times: u32) {
        let body = body.map_or(JsValue::NULL, JsValue::from);
        self.call("plan", &[path.into(), status.into(), body, times.into()]);
    }

    /// Keeps the calls of a path waiting.
    pub fn hold(&self, path: &str) {
        self.call("hold", &[path.into()]);
    }

    pub fn release(&self) {
        self.call("release", &[]);
    }

    /// Waits for the call of that number.
    pub async fn arrived(&self, path: &str, count: u32) {
        let arrived = self.call("arrived", &[path.into(), count.into()]);
        JsFuture::from(js_sys::Promise::from(arrived))
            .await
            .expect("it arrives");
    }

    /// Forgets which access tokens are good.
    pub fn expire(&self) {
        let valid = get(&self.server, "valid");
        let clear: Function = get(&valid, "clear").unchecked_into();
        clear.call0(&valid).expect("no exception");
    }

    pub fn calls(&self, path: &str) -> Vec<Call> {
        Array::from(&self.call("of", &[path.into()]))
            .iter()
            .map(Call)
            .collect()
    }

    pub fn count(&self, path: &str) -> usize {
        self.calls(path).len()
    }

    /// Tokens for a session that nobody signed in for here.
    pub fn tokens(&self) -> (String, String) {
        let tokens = self.call("issue", &["alice".into()]);
        let text = |name| get(&tokens, name).as_string().expect("a token");
        (text("accessToken"), text("refreshToken"))
    }
}

/// Sets both clocks of the page forth.
pub fn pass(seconds: f64) {
    let ahead = get(&js_sys::global(), "ahead").as_f64().unwrap_or_default();
    let ahead = (ahead + seconds * 1000.0).into();
    Reflect::set(&js_sys::global(), &"ahead".into(), &ahead).expect("a clock");
}

/// Has no timer that is set from now on go off: however slow the machine is,
/// nobody loses patience.
pub fn stop_timers() {
    evaluate("globalThis.timeout = setTimeout; globalThis.setTimeout = () => 0");
}

/// Has timers that are set from now on go off again.
pub fn start_timers() {
    evaluate("globalThis.setTimeout = timeout");
}

pub fn get(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).expect("an object")
}

/// Evaluates a text of JavaScript.
pub fn evaluate(source: &str) -> JsValue {
    Function::new_no_args(source)
        .call0(&JsValue::NULL)
        .expect("no exception")
}
