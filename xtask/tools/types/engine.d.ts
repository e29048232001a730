// What wasm-bindgen and glue.mjs make of src/web. A test of xtask compares the
// enums with those in Rust.

export enum Input {
  Ask,
  Resume,
  Start,
  Read,
  Unreadable,
  Swapped,
  Found,
  Unwritable,
  Changed,
  Granted,
  Robbed,
  LockUnavailable,
  Message,
  ChannelUnavailable,
  Answered,
  Provided,
  Unreachable,
  Redirected,
  Unsendable,
  Rejected,
  Login,
  SetTokens,
  Logout,
  Abandon,
  Touch,
  Activity,
  Visible,
  Hidden,
  PutAway,
  Shown,
  Resumed,
  Leaving,
  Online,
  Hint,
  Wake,
  Dispose,
}

export enum Ask {
  Request,
  Refused,
  Token,
  TokenNow,
  TokenForced,
  Refresh,
  Restore,
  RestoreAfterSignOut,
}

export enum Reply {
  Go,
  Bare,
  Deliver,
  Wait,
  Fail,
}

export enum Query {
  Allow,
  Admits,
  Inspection,
  StepUp,
}

export enum Act {
  Read,
  Swap,
  OpenChannel,
  CloseChannel,
  Post,
  Echo,
  Lock,
  Unlock,
  Call,
  Abort,
  WatchLeaving,
  WatchActivity,
  WaitEnded,
  SignInEnded,
  LogoutEnded,
  Snapshot,
  Pass,
  Event,
  Started,
  Closed,
  Wake,
}

/** One manager's engine, src/web/engine.rs. */
export interface Engine {
  feed(input: Input, wall: number, mono: number, number: number, figure: number, value: unknown): Reply;
  query(query: Query, value?: unknown): number;
  free(): void;
}

/** What the engine calls, src/web/host.rs. */
export interface EngineHost {
  tell(members: string): void;
  act(act: Act, number: number): void;
}

/** An instance of the module. */
export interface Instance {
  Engine: new (host: EngineHost, policy: unknown, wall: number, mono: number, seed: number) => Engine;
  /** What another instance can be made of. */
  module: WebAssembly.Module | undefined;
}

/** What runs a module where it is not the platform's own. */
export interface Machine {
  instantiate(module: any, imports: any): Promise<{ exports: Record<string, any> }>;
}

export function instantiate(source: unknown, machine?: Machine): Promise<Instance>;
