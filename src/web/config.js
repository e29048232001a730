// Reads the application's configuration, or says what is wrong with it: every
// refusal names the option, what was found and what is expected, and shows no
// value but a preset's name, for one of them may be a secret. What decides
// anything goes to the core, as a policy; the texts stay here.

import { BODIES, CREDENTIALS, ENDPOINTS } from './call.js';
import { HEADER, METHOD, PREFIX, PRESETS } from './core.js';
import { at, pageUrl } from './document.js';
import { invalid } from './error.js';
import { nearest } from './nearest.js';

/**
 * @typedef {{ name: string, prefix: string }} Header
 * @typedef {{ header: string, cookie: string, value?: undefined } | { header: string, value: string, cookie?: undefined }} Csrf
 * @typedef {{ url?: string, method?: string, flag?: string, csrf?: Csrf, tokenField?: string, policy?: object }} Endpoint
 */

/**
 * What the shell goes by.
 * @typedef {object} Settings
 * @property {string | undefined} base what relative URLs are relative to;
 *   undefined where that is the page's URL, which changes
 * @property {Header | undefined} access missing where the token travels in a
 *   cookie
 * @property {any} carrier
 * @property {Csrf | undefined} csrf
 * @property {URL[]} places `attachTo`
 * @property {Endpoint} login
 * @property {Endpoint} refresh
 * @property {Endpoint} logout
 * @property {string | undefined} hint the name of a cookie
 * @property {boolean} singleUser
 * @property {Record<string, unknown>} policy what src/web/policy.rs reads, but
 *   for what the platform has; spans are in milliseconds, NaN where none is
 *   given, and a flag is 1
 * @property {(found: number) => never} misfit refuses an entry that the core
 *   says could never match
 */

const HTTP = 'an http: or https: URL, absolute or relative to baseUrl';
const ORIGIN = 'an exact http: or https: origin with at most a path, such as https://api.example.com';
const CSRF = '{ cookie: string, header: string } or { header: string, value: string }';
const PLACES = ['session', 'local', 'indexeddb'];
const STATUSES = 'an array of status codes or a function';
/** Methods that fetch refuses to send. */
const FORBIDDEN = ['CONNECT', 'TRACE', 'TRACK'];
const SECONDS = 'a number of seconds above 0';

const ENDPOINT = 'url method headers authenticate credentials body fields tokenField csrf';
/** The options that there are, by what they are members of. */
const OPTIONS = {
  '': `preset baseUrl login refresh logout accessToken refreshToken response attachTo storage remember session hint key
    refreshAheadSeconds proactive unauthorized timeoutMs csrf crossTab singleUser fetch clock`,
  login: ENDPOINT,
  'login.csrf': 'cookie header value',
  refresh: ENDPOINT,
  'refresh.csrf': 'cookie header value',
  logout: ENDPOINT,
  'logout.csrf': 'cookie header value',
  accessToken: 'in name prefix lifetimeSeconds',
  refreshToken: 'in field name prefix',
  response: 'accessToken refreshToken expiresIn expiresInUnit expiresAt sessionExpiresIn sessionExpiresAt',
  csrf: 'cookie header value',
  session: 'maxSeconds idleSeconds warnSeconds activity',
  hint: 'cookie',
};

/** @param {unknown} value */
const isFunction = (value) => typeof value === 'function';

/**
 * The name of what was found in the place of something else.
 * @param {any} value
 */
export function kindOf(value) {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value === '') return 'an empty string';
  /** @type {Record<string, string>} */
  const kinds = { object: 'an object', function: 'a function', string: 'another string', boolean: 'a boolean' };
  return kinds[typeof value] ?? 'another number';
}

/**
 * @param {string} text
 * @param {string} [base]
 */
function parsed(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/**
 * Refuses an option that does not exist, at any level, and names the nearest
 * that does.
 * @param {any} config
 */
function refuseUnknown(config) {
  for (const [path, names] of Object.entries(OPTIONS)) {
    const found = at(config, path);
    if (kindOf(found) !== 'an object') continue;
    const known = names.split(/\s+/);
    for (const name of Object.keys(found)) {
      if (known.includes(name) || at(found, name) === undefined) continue;
      const advice = name === 'dpop' ? ' yet' : `; did you mean ${nearest(name, known)}?`;
      throw invalid(`${path && `${path}.`}${name}: there is no such option${advice}`);
    }
  }
}

/**
 * Refuses tokens that an application brings with a value of another type than
 * it has to be. What cannot be a token is for the core to say.
 * @param {any} tokens
 */
export function checkTokens(tokens) {
  /** @type {[string, string, string][]} */
  const members = [
    ['refreshToken', 'string', 'a string'],
    ['expiresIn', 'number', 'a number of seconds'],
    ['expiresAt', 'number', 'milliseconds since the epoch'],
    ['sessionExpiresIn', 'number', 'a number of seconds'],
    ['sessionExpiresAt', 'number', 'milliseconds since the epoch'],
  ];
  for (const [name, type, expected] of members) {
    const value = at(tokens, name);
    if (value != null && typeof value !== type) throw invalid(`${name}: expected ${expected}, found ${kindOf(value)}`);
  }
}

/**
 * Says which words there are; `last` may be something else.
 * @param {readonly string[]} words two or more, or one and something else
 * @param {string} [last]
 */
function oneOf(words, last) {
  const all = words.map((word) => `'${word}'`);
  last ??= all.pop();
  return `${all.join(', ')} or ${last}`;
}

/**
 * @param {any} config what the application gave
 * @returns {Settings}
 */
export function readConfig(config) {
  const page = pageUrl();
  /** @param {string} path */
  const get = (path) => at(config, path);
  /**
   * @param {string} path
   * @param {string} expected
   * @param {string} [found]
   * @returns {never}
   */
  const refuse = (path, expected, found = kindOf(path ? get(path) : config)) => {
    throw invalid(`${path || 'config'}: expected ${expected}, found ${found}`);
  };
  /** @type {Record<string, string>} */
  let preset = {};

  /**
   * A string that passes a test, or the preset's.
   * @param {string} path
   * @param {string} expected
   * @param {(value: string) => unknown} test
   */
  const string = (path, expected, test) => {
    const value = get(path);
    if (value === undefined) return preset[path];
    if (typeof value !== 'string' || !test(value)) refuse(path, expected);
    return value;
  };
  /** @param {string} path */
  const text = (path) => string(path, 'a non-empty string', (value) => value);
  // RFC 9110 section 5.6.2.
  /** @param {string} path */
  const name = (path) => string(path, 'a header name', (value) => /^[\w!#$%&'*+.^`|~-]+$/.test(value));
  /**
   * One of some words, or undefined.
   * @param {string} path
   * @param {readonly string[]} words
   * @param {string} [expected]
   */
  const word = (path, words, expected = oneOf(words)) => string(path, expected, (value) => words.includes(value));
  /**
   * @param {string} path
   * @returns {any}
   */
  const boolean = (path) => {
    const value = get(path);
    if (value === undefined) return preset[path] && preset[path] === 'true';
    return typeof value === 'boolean' ? value : refuse(path, 'true or false');
  };
  /**
   * A number of some unit in milliseconds; NaN where none is given.
   * @param {string} path
   * @param {number} unit
   * @param {(value: number) => boolean} test
   * @param {string} expected
   */
  const span = (path, unit, test, expected) => {
    const value = get(path);
    if (value === undefined) return NaN;
    return typeof value === 'number' && test(value) ? value * unit : refuse(path, expected);
  };
  /** @param {number} value */
  const positive = (value) => value > 0;
  /** @param {number} value */
  const notNegative = (value) => value >= 0;
  /**
   * Whether an object is given.
   * @param {string} path
   * @param {string} expected
   */
  const object = (path, expected) => {
    const value = get(path);
    if (value === undefined) return false;
    return kindOf(value) === 'an object' || refuse(path, expected);
  };
  /**
   * @param {string} path
   * @param {string} [base]
   */
  const url = (path, base) => {
    const given = get(path);
    const value = given === undefined ? preset[path] : given;
    const found = typeof value === 'string' && value !== '' ? parsed(value, base) : undefined;
    // On a server a relative one is no mistake until it is called.
    if (!found && !base && path !== 'baseUrl' && typeof value === 'string' && value && !/^[a-z][a-z\d+.-]*:/i.test(value)) return value;
    if (!found) return refuse(path, HTTP);
    if (!/^https?:$/.test(found.protocol)) refuse(path, HTTP, 'another scheme');
    if (found.username || found.password) refuse(path, HTTP, 'one with user name or password');
    return found.href;
  };
  /** @param {string} path */
  const header = (path) => ({
    name: name(`${path}.name`) ?? HEADER,
    prefix: string(`${path}.prefix`, 'visible ASCII', (value) => /^[ -~]*$/.test(value)) ?? PREFIX,
  });
  /** @param {Header} header */
  const isOwn = ({ name }) => name.toLowerCase() !== 'authorization';
  /**
   * Which `in` it has; one that is given has to say.
   * @param {string} path
   * @param {string[]} words
   * @param {string} whole
   */
  const place = (path, words, whole) => {
    const given = object(path, whole);
    return word(`${path}.in`, words) ?? (given ? refuse(`${path}.in`, oneOf(words)) : undefined);
  };
  /**
   * @param {string} path
   * @returns {any}
   */
  const csrfOf = (path) => {
    if (!object(path, CSRF)) return undefined;
    const cookie = text(`${path}.cookie`);
    const value = string(`${path}.value`, 'visible ASCII', (value) => /^[!-~]([ -~]*[!-~])?$/.test(value));
    const csrf = { cookie, value, header: name(`${path}.header`) };
    if (!csrf.header || !(cookie || value)) refuse(path, CSRF, 'one of them missing');
    return cookie && value ? refuse(path, CSRF, 'both') : csrf;
  };
  /**
   * @param {string} path
   * @param {string} expected
   * @param {(entry: any) => void} visit
   */
  const each = (path, expected, visit) => {
    if (!Array.isArray(get(path))) refuse(path, expected);
    for (let index = 0; index < get(`${path}.length`); index++) visit(get(`${path}.${index}`));
  };
  /**
   * @param {string} path
   * @param {string[]} names
   * @param {string} expected
   */
  const hasMethods = (path, names, expected) => names.every((name) => isFunction(get(`${path}.${name}`))) || refuse(path, expected);

  if (kindOf(config) !== 'an object') refuse('', 'an object');
  refuseUnknown(config);
  const wanted = get('preset');
  if (wanted !== undefined) {
    const names = Object.keys(PRESETS);
    if (!names.includes(wanted)) refuse('preset', `one of '${names.join("', '")}'`, typeof wanted === 'string' ? wanted : undefined);
    preset = PRESETS[wanted];
  }
  const base = get('baseUrl') === undefined ? page : url('baseUrl', page);
  const csrf = csrfOf('csrf');

  /**
   * One endpoint, and what of it decides; `null` takes a preset's away.
   * @param {string} path
   * @returns {Endpoint}
   */
  const endpoint = (path) => {
    const value = get(path);
    /** @param {string} member */
    const inside = (member) => `${path}.${member}`;
    if (value === null || (value === undefined && !preset[inside('url')])) return {};
    const plain = typeof value === 'string';
    if (!plain) object(path, 'a URL or an endpoint { url, … }');
    // Of a plain URL the method is POST, whatever the preset has there.
    const method = (!plain && name(inside('method'))?.toUpperCase()) || METHOD;
    if (FORBIDDEN.includes(method)) refuse(inside('method'), 'a method that fetch sends');
    const body = word(inside('body'), BODIES);
    const credentials = word(inside('credentials'), CREDENTIALS);
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
      policy: { there: 1, bodyless: +bodyless, fields: +!!fields, body, authenticate: authenticate === undefined ? undefined : +authenticate, credentials },
    };
  };

  const custom = isFunction(get('refresh'));
  const login = endpoint('login');
  const logout = endpoint('logout');
  const refresh = custom ? {} : endpoint('refresh');
  const inCookie = place('accessToken', ['header', 'cookie'], "{ in: 'header', … } or { in: 'cookie', … }") === 'cookie';
  const access = inCookie ? undefined : header('accessToken');
  const lifetime = inCookie ? span('accessToken.lifetimeSeconds', 1000, positive, SECONDS) : NaN;
  const carries = place('refreshToken', ['cookie', 'body', 'header'], "{ in: 'cookie' }, { in: 'body', … } or { in: 'header', … }");
  const carrier = carries === 'body' ? { field: text('refreshToken.field') } : carries === 'header' ? header('refreshToken') : {};
  object('response', 'an object of dotted paths');
  for (const name of OPTIONS.response.split(' ')) if (name !== 'expiresInUnit') text(`response.${name}`);
  word('response.expiresInUnit', ['s', 'ms']);
  const ahead = span('refreshAheadSeconds', 1000, notNegative, 'a number of seconds, 0 or more');
  const timer = get('proactive');
  const proactive = timer === true ? 'always' : timer === false ? 'never' : undefined;
  if (typeof timer !== 'boolean') word('proactive', ['visible'], "true, false or 'visible'");
  const timeout = span('timeoutMs', 1, positive, 'a number of milliseconds above 0');
  object('session', 'an object');
  const session = {
    max: span('session.maxSeconds', 1000, positive, SECONDS),
    idle: span('session.idleSeconds', 1000, positive, SECONDS),
    warn: span('session.warnSeconds', 1000, notNegative, 'a number of seconds, 0 or more'),
    activity: word('session.activity', ['page', 'until-warned', 'manual']),
  };
  object('hint', '{ cookie: string }');
  const hint = text('hint.cookie');
  if (get('hint') && !hint) refuse('hint.cookie', 'a non-empty string');
  if (!custom && !refresh.url) refuse('refresh', 'a URL, an endpoint or a function, or a preset that has one');

  /** @type {URL[]} */
  const places = [];
  if (get('attachTo') === undefined) {
    // A page that is no place of the web has no origin to allow.
    if (base && /^https?:/.test(base)) places.push(new URL(new URL(base).origin));
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
  /**
   * @param {string} path
   * @param {string[]} words
   */
  const store = (path, words) => {
    const expected = oneOf(words, '{ get, set, remove }');
    if (kindOf(get(path)) === 'an object') hasMethods(path, ['get', 'set', 'remove'], expected);
    else word(path, words, expected);
  };
  store('storage', ['memory', ...PLACES]);
  store('remember', PLACES);
  if (get('clock') !== undefined) {
    const names = ['now', 'setTimeout', 'clearTimeout'];
    if (get('clock.monotonic') !== undefined) names.push('monotonic');
    hasMethods('clock', names, '{ now, setTimeout, clearTimeout }, and monotonic if you like');
  }
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
    } catch {
      // What the platform says of it shows the value.
      refuse(`${name}.headers`, 'what new Headers() takes', 'something else');
    }
  }

  return {
    base: get('baseUrl') === undefined ? undefined : base,
    access,
    carrier,
    csrf,
    places,
    login,
    refresh,
    logout,
    hint,
    singleUser: !!boolean('singleUser'),
    policy: {
      access: inCookie ? 'cookie' : access && isOwn(access) ? 'own' : 'header',
      prefix: access?.prefix,
      lifetime,
      carrier: carries,
      proactive,
      response: get('response'),
      login: login.policy,
      refresh: refresh.policy,
      logout: logout.policy,
      ahead,
      timeout,
      session,
      hint: +!!hint,
    },
    misfit: (found) => refuse('attachTo', ORIGIN, found === 1 ? 'another scheme' : 'a user name, query or fragment'),
  };
}
