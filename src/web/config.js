// Reads the application's configuration, or says what is wrong with it: every
// refusal names the option, what was found and what is expected, and shows no
// value but a preset's name, for one of them may be a secret. What decides
// anything goes to the core, as numbers; the texts stay here.

import { BODIES, CREDENTIALS, ENDPOINTS } from './call.js';
import { HEADER, METHOD, NAMES, PREFIX, PRESETS } from './core.js';
import { at } from './document.js';
import { invalid } from './error.js';

const HTTP = 'an http: or https: URL, absolute or relative to baseUrl';
const ORIGIN = 'an exact http: or https: origin with at most a path, such as https://api.example.com';
const CSRF = '{ cookie: string, header: string }';
const STORAGE = "'memory', 'session', 'local', 'indexeddb' or { get, set, remove }";
const STATUSES = 'an array of status codes or a function';

const isFunction = (value) => typeof value === 'function';

/** The name of what was found in the place of something else. */
function kindOf(value) {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value === '') return 'an empty string';
  return { object: 'an object', function: 'a function', string: 'another string', boolean: 'a boolean' }[typeof value] ?? 'another number';
}

function parsed(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/**
 * @param config what the application gave
 * @param page the URL of the page, or undefined
 * @returns what the shell goes by: `base`, `access` (missing where the token
 *   travels in a cookie), `carrier`, `csrf`, the endpoints, the places
 *   (`attachTo`) as URLs, and `numbers`, the first arguments of the engine
 */
export function readConfig(config, page) {
  const get = (path) => at(config, path);
  const refuse = (path, expected, found = kindOf(path ? get(path) : config)) => {
    throw invalid(`${path || 'config'}: expected ${expected}, found ${found}`);
  };
  let preset = {};

  /** A string that passes a test, or the preset's. */
  const string = (path, expected, test) => {
    const value = get(path);
    if (value === undefined) return preset[path];
    if (typeof value !== 'string' || !test(value)) refuse(path, expected);
    return value;
  };
  const text = (path) => string(path, 'a non-empty string', (value) => value);
  // RFC 9110 section 5.6.2.
  const name = (path) => string(path, 'a header name', (value) => /^[\w!#$%&'*+.^`|~-]+$/.test(value));
  /** Which of some words it is, from 1 on; 0 where none is given. */
  const word = (path, words, expected) => words.indexOf(string(path, expected, (value) => words.includes(value))) + 1;
  const boolean = (path) => {
    const value = get(path);
    if (value === undefined) return preset[path] && preset[path] === 'true';
    return typeof value === 'boolean' ? value : refuse(path, 'true or false');
  };
  /** A number of some unit in milliseconds; NaN where none is given. */
  const span = (path, unit, test, expected) => {
    const value = get(path);
    if (value === undefined) return NaN;
    return typeof value === 'number' && test(value) ? value * unit : refuse(path, expected);
  };
  const positive = (value) => value > 0;
  /** Whether an object is given. */
  const object = (path, expected) => {
    const value = get(path);
    if (value === undefined) return false;
    return kindOf(value) === 'an object' || refuse(path, expected);
  };
  const url = (path, base) => {
    const given = get(path);
    const value = given === undefined ? preset[path] : given;
    const found = typeof value === 'string' && value !== '' ? parsed(value, base) : undefined;
    if (!found) refuse(path, HTTP, typeof value === 'string' && value && !base ? 'a relative one, and neither a baseUrl nor a page' : undefined);
    if (!/^https?:$/.test(found.protocol)) refuse(path, HTTP, 'another scheme');
    if (found.username || found.password) refuse(path, HTTP, 'one with user name or password');
    return found.href;
  };
  const header = (path) => ({
    name: name(`${path}.name`) ?? HEADER,
    prefix: string(`${path}.prefix`, 'visible ASCII', (value) => /^[ -~]*$/.test(value)) ?? PREFIX,
  });
  const isOwn = ({ name }) => name.toLowerCase() !== 'authorization';
  /** Which `in` it has; one that is given has to say. */
  const place = (path, words, whole, expected) => {
    const given = object(path, whole);
    return word(`${path}.in`, words, expected) || (given ? refuse(`${path}.in`, expected) : 0);
  };
  const csrfOf = (path) => {
    if (!object(path, CSRF)) return undefined;
    const csrf = { cookie: text(`${path}.cookie`), header: name(`${path}.header`) };
    return csrf.cookie && csrf.header ? csrf : refuse(path, CSRF, 'one of them missing');
  };
  const each = (path, expected, visit) => {
    if (!Array.isArray(get(path))) refuse(path, expected);
    for (let index = 0; index < get(`${path}.length`); index++) visit(get(`${path}.${index}`));
  };
  const hasMethods = (path, names, expected) => names.every((name) => isFunction(get(`${path}.${name}`))) || refuse(path, expected);

  if (kindOf(config) !== 'an object') refuse('', 'an object');
  const wanted = get('preset');
  if (wanted !== undefined) {
    const names = Object.keys(PRESETS);
    if (!names.includes(wanted)) refuse('preset', `one of '${names.join("', '")}'`, typeof wanted === 'string' ? wanted : undefined);
    preset = PRESETS[wanted];
  }
  const base = get('baseUrl') === undefined ? page : url('baseUrl', page);
  const csrf = csrfOf('csrf');

  /** One endpoint and its number, as src/web/numbers.rs reads it; `null` takes
   * a preset's away. */
  const endpoint = (path) => {
    const value = get(path);
    const inside = (member) => `${path}.${member}`;
    if (value === null || (value === undefined && !preset[inside('url')])) return {};
    const plain = typeof value === 'string';
    if (!plain) object(path, 'a URL or an endpoint { url, … }');
    // Of a plain URL the method is POST, whatever the preset has there.
    const method = (!plain && name(inside('method'))?.toUpperCase()) || METHOD;
    const body = word(inside('body'), BODIES, "'json', 'form' or 'none'");
    const credentials = word(inside('credentials'), CREDENTIALS, "'include', 'same-origin' or 'omit'");
    const flag = preset[inside('flag')];
    const fields = object(inside('fields'), 'an object of constant fields') || flag;
    const own = get(inside('csrf'));
    const guard = own === undefined ? csrf : own === null ? undefined : csrfOf(inside('csrf'));
    const authenticate = boolean(inside('authenticate'));
    const bodyless = method === 'GET' || method === 'HEAD';
    return {
      url: url(plain ? path : inside('url'), base),
      method,
      flag,
      csrf: guard,
      tokenField: text(inside('tokenField')),
      number: 1 | (bodyless && 2) | (fields && 4) | (body << 3) | ((authenticate === undefined ? 0 : authenticate ? 2 : 1) << 5) | (credentials << 7),
    };
  };

  const custom = isFunction(get('refresh'));
  const login = endpoint('login');
  const logout = endpoint('logout');
  const refresh = custom ? {} : endpoint('refresh');
  const inCookie = place('accessToken', ['header', 'cookie'], "{ in: 'header', … } or { in: 'cookie', … }", "'header' or 'cookie'") === 2;
  const access = inCookie ? undefined : header('accessToken');
  const lifetime = inCookie ? span('accessToken.lifetimeSeconds', 1000, positive, 'a number of seconds above 0') : NaN;
  const carries = place(
    'refreshToken',
    ['cookie', 'body', 'header'],
    "{ in: 'cookie' }, { in: 'body', … } or { in: 'header', … }",
    "'cookie', 'body' or 'header'",
  );
  const carrier = carries === 2 ? { field: text('refreshToken.field') } : carries === 3 ? header('refreshToken') : {};
  object('response', 'an object of dotted paths');
  for (const name of NAMES) text(`response.${name}`);
  const inMs = word('response.expiresInUnit', ['s', 'ms'], "'s' or 'ms'") === 2;
  const ahead = span('refreshAheadSeconds', 1000, (value) => value >= 0, 'a number of seconds, 0 or more');
  const timer = get('proactive');
  const proactive = timer === true ? 1 : timer === false ? 2 : 0;
  if (typeof timer !== 'boolean') word('proactive', ['visible'], "true, false or 'visible'");
  const timeout = span('timeoutMs', 1, positive, 'a number of milliseconds above 0');
  if (!custom && !refresh.url) refuse('refresh', 'a URL, an endpoint or a function, or a preset that has one');

  const places = [];
  if (get('attachTo') === undefined) {
    // A page that is no place of the web has no origin to allow.
    if (/^https?:/.test(base)) places.push(new URL(new URL(base).origin));
  } else {
    each('attachTo', 'an array of origins', (entry) => {
      const place = typeof entry === 'string' && entry ? parsed(entry) : undefined;
      if (typeof entry !== 'string' || !entry) refuse('attachTo', ORIGIN, 'something else');
      if (entry.includes('*')) refuse('attachTo', ORIGIN, 'a wildcard');
      places.push(place ?? refuse('attachTo', ORIGIN, 'something that can never match'));
    });
  }

  // What decides nothing in the core.
  text('key');
  boolean('crossTab');
  if (kindOf(get('storage')) === 'an object') hasMethods('storage', ['get', 'set', 'remove'], STORAGE);
  else word('storage', ['memory', 'session', 'local', 'indexeddb'], STORAGE);
  if (get('clock') !== undefined) hasMethods('clock', ['now', 'setTimeout', 'clearTimeout'], '{ now, setTimeout, clearTimeout }');
  const transport = get('fetch');
  if (transport !== undefined && !isFunction(transport)) refuse('fetch', 'a function');
  const unauthorized = get('unauthorized');
  if (unauthorized !== undefined && !isFunction(unauthorized)) {
    each('unauthorized', STATUSES, (status) => (status >= 200 && status < 600) || refuse('unauthorized', STATUSES));
  }
  for (const name of ENDPOINTS) {
    try {
      const headers = config[name]?.headers;
      if (headers !== undefined) new Headers(headers);
    } catch (cause) {
      throw invalid(`${name}.headers: expected what new Headers() takes, found something else`, cause);
    }
  }

  const policy =
    (inCookie && 1) | (access && isOwn(access) && 2) | (carries << 2) | (proactive << 4) | (inMs && 64);
  return {
    base,
    access,
    carrier,
    csrf,
    places,
    login,
    refresh,
    logout,
    numbers: [policy, login.number, refresh.number, logout.number, ahead, timeout, lifetime, get('response')],
    /** An entry that the core says could never match. */
    misfit: (found) => refuse('attachTo', ORIGIN, found === 1 ? 'another scheme' : 'a user name, query or fragment'),
  };
}
