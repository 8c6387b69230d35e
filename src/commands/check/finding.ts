/** What one examination of an upstream can find. */

export type Finding<T> =
  | { readonly kind: 'known'; readonly value: T }
  /** It was asked, and it is not there, or the answer says nothing of it. */
  | { readonly kind: 'untold'; readonly why: string }
  | { readonly kind: 'not-tried'; readonly why: string };

/** How much of something is taken at once: all sizes up to `least` are, none over `most`; undefined: none was refused. */
export interface Amount {
  readonly least: number;
  readonly most: number | undefined;
}

/** The answer to a question about the state at an old block. */
export interface OldState {
  readonly block: number;
  readonly has: boolean;
}

/** What answers at an upstream's URL. */
export type Server =
  | { readonly kind: 'ethereum' }
  /** It answers JSON-RPC, and has no chain id. */
  | { readonly kind: 'json-rpc' }
  /** It answers HTTP. `software` is what it calls itself. */
  | { readonly kind: 'http'; readonly status: number; readonly software: string | undefined }
  | { readonly kind: 'refuses'; readonly why: Refusal }
  | { readonly kind: 'unreachable'; readonly problem: string }
  | { readonly kind: 'not-tried'; readonly why: string };

/** For what an upstream wants to be asked nothing more. */
export type Refusal = 'rate-limited' | 'plan used up' | 'not authorized';

export function known<T>(value: T): Finding<T> {
  return { kind: 'known', value };
}

export function untold<T>(why: string): Finding<T> {
  return { kind: 'untold', why };
}

export function notTried<T>(why: string): Finding<T> {
  return { kind: 'not-tried', why };
}

/** The value of what is known. */
export function knownValue<T>(finding: Finding<T>): T | undefined {
  return finding.kind === 'known' ? finding.value : undefined;
}
