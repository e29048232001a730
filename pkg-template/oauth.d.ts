import type { Claims, TokenError, TokenManager, TokenManagerConfig } from './index.js';
import type { PlatformURL } from './platform.js';

/** Says why a sign-in by redirect failed. Closed: an application can tell each its own sentence. */
export type SignInReason =
  /** The user, or a policy of the server, said no. */
  | 'access-denied'
  /** `prompt: 'none'` was asked for, and the user has to do something at the server: sign in, or consent. */
  | 'login-required'
  /** The answer belongs to no sign-in that began in this tab and is still open: it was used, comes from elsewhere, or was forged. */
  | 'state-mismatch'
  /** The answer is of another server, or does not say of which although the server promises to (RFC 9207). */
  | 'issuer-mismatch'
  /** More than ten minutes have passed since `signIn()`. */
  | 'expired'
  /** The answer, its tokens or its ID token are not what was asked for. */
  | 'invalid-response'
  /** The server could not be reached, or said no for a reason of its own: `error` has its word. */
  | 'server-error'
  /** The server cannot do what this needs: PKCE with S256, an endpoint, TLS. */
  | 'unsupported-server';

/**
 * Is what `signIn` and `handleRedirect` reject with where a sign-in failed; `code` is 'sign-in-failed'. Whoever was signed in
 * before still is.
 */
export type SignInError = Extract<TokenError, { code: 'sign-in-failed' }> & {
  readonly reason: SignInReason;
  /** The server's own error code, such as 'temporarily_unavailable' (RFC 6749 section 4.1.2.1). Never its description. */
  readonly error?: string | undefined;
};

/** Holds what is known of a server, where it is not to be asked (RFC 8414 section 2). */
export interface ServerMetadata {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  /** RFC 7009. Without it nothing is revoked. */
  revocation_endpoint?: string;
  /** OpenID Connect RP-Initiated Logout. Without it nobody is signed out at the server. */
  end_session_endpoint?: string;
  /** RFC 9126. */
  pushed_authorization_request_endpoint?: string;
  /** Whether each answer says of which server it is (RFC 9207). One that does not is refused then. */
  authorization_response_iss_parameter_supported?: boolean;
  [name: string]: unknown;
}

interface Options {
  /** The application's name at the server, where it is a public client: without a secret. */
  clientId: string;
  /** Where the server sends the user back to: absolute, or relative to the page. Has to be registered at the server. */
  redirectUri: string | PlatformURL;
  /** What is asked for, separated by spaces. 'openid' brings an ID token, 'offline_access' at many servers a refresh token. Default 'openid'. */
  scope?: string;
  /** The API that the access token is for, or several (RFC 8707); sent with every call. Default: the server's choice. */
  resource?: string | string[];
  /** Where the server sends the user after `signOut()`. Has to be registered at the server. Default: nowhere. */
  postLogoutRedirectUri?: string | PlatformURL;
  /** Whether requests are pushed to the server before the user goes there (RFC 9126). Default: where the server demands it of everybody. */
  par?: boolean;
}

/**
 * Configures a manager that signs in by redirect: one of `issuer` and `server`, and any field of `TokenManagerConfig` but `login`
 * and `refresh`. URLs have to be `https:` ones, but on this machine.
 */
export type OAuthManagerConfig = Options &
  Omit<TokenManagerConfig, 'login' | 'refresh'> &
  (
    | {
        /** The server's own name for itself, to the letter. Its metadata are found below it (OpenID Connect Discovery, RFC 8414), and kept in `sessionStorage`. */
        issuer: string | PlatformURL;
        server?: undefined;
      }
    | {
        issuer?: undefined;
        /** The server's metadata, where it is not to be asked. */
        server: ServerMetadata;
      }
  );

/** Says how to sign in. */
export interface SignInOptions {
  /** A path of this origin that `handleRedirect` gives back, such as '/orders?page=2'. Anything else is refused with 'invalid-config'. */
  returnTo?: string;
  /** 'none' asks nothing of the user, 'login' asks for the password again, 'consent' for the consent (OpenID Connect Core section 3.1.2.1). */
  prompt?: string;
  /** Whom the server may suggest. */
  loginHint?: string;
  /** Authentication context classes, of which one is wanted: what a 'step-up' event says. */
  acrValues?: string | string[];
  /** Seconds since the user last signed in at the server, at most. */
  maxAge?: number;
  /** In the place of the configuration's. */
  scope?: string;
  /** Further parameters, such as `ui_locales` or `audience`. Those that the manager says itself stay as they are. */
  extra?: Record<string, string>;
}

/** Manages the tokens of a session that begins at an authorization server. `C` is the type of the access token's claims. */
export interface OAuthManager<C extends object = Claims> extends TokenManager<C> {
  /**
   * Goes to the server. Rejects with 'sign-in-failed' where the server cannot be reached or used, with 'invalid-config' for an
   * option that is wrong, and with 'not-supported' where there is no page, no secure context or no `sessionStorage`.
   */
  signIn(options?: SignInOptions): Promise<void>;
  /**
   * Takes the server's answer out of the address bar and the history, checks it and signs in. Gives null where the page's URL,
   * or the one handed in, is no answer, and where the answer has been taken already and somebody is signed in. Called twice it
   * gives the same promise. Rejects with 'sign-in-failed'.
   */
  handleRedirect(url?: string | PlatformURL): Promise<{ readonly returnTo: string | null } | null>;
  /**
   * Signs out here and in all tabs, then revokes the refresh token (RFC 7009), then goes to the server to sign out there, unless
   * `redirect` is false. Where the server does not confirm there is a 'warning', and no rejection.
   */
  signOut(options?: { redirect?: boolean }): Promise<void>;
  /** Who signed in, as the server said then; null when signed out, or where no ID token came. The same object until another comes. */
  readonly idTokenClaims: Claims | null;
}

/**
 * Makes a manager that signs in at an authorization server by the authorization code flow with PKCE (RFC 9700). Rejects with
 * 'invalid-config' or 'not-supported', before anything is sent.
 *
 * @example
 * import { createOAuthManager } from 'evertoken/oauth';
 *
 * const auth = await createOAuthManager({
 *   issuer: 'https://id.example.com',
 *   clientId: 'shop',
 *   redirectUri: '/callback',
 *   baseUrl: 'https://api.example.com',
 *   storage: 'local',
 * });
 * await auth.handleRedirect();
 * if (auth.snapshot.status === 'signed-out') await auth.signIn({ returnTo: location.pathname });
 */
export declare function createOAuthManager<C extends object = Claims>(config: OAuthManagerConfig): Promise<OAuthManager<C>>;
