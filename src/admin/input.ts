/** Checks the bodies of calls. */

import { shownJson } from '../config/secrecy.ts';
import { DEFAULT_POOL } from '../events.ts';
import type { Pool } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import { Refusal } from './problems.ts';

/** The members of a body that is a JSON object with only these keys. Throws a Refusal for any other body. */
export function fieldsOf(body: unknown, keys: readonly string[]): ReadonlyMap<string, unknown> {
  const allowed = `allowed: a JSON object with ${keys.map((key) => `"${key}"`).join(', ')}`;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal('INVALID_INPUT', `the body is no JSON object; ${allowed}`);
  const fields = new Map<string, unknown>(Object.entries(body));
  const unknown = [...fields.keys()].find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw new Refusal('INVALID_INPUT', `the body has an unknown key ${shownJson(unknown)}; ${allowed}`);
  return fields;
}

/** For calls without input: accepts no body, or an empty object. Throws a Refusal for any other body. */
export function requireEmptyBody(body: unknown): void {
  const isEmpty =
    body === undefined || (typeof body === 'object' && body !== null && Object.keys(body).length === 0);
  if (!isEmpty || Array.isArray(body))
    throw new Refusal('INVALID_INPUT', 'this call takes no body; allowed: none, or {}');
}

/** The pool of this name, or without one that of all other paths. Throws a Refusal when there is none. */
export function poolFor(name: string | undefined, pools: PoolTable): Pool {
  const pool = pools.find(name ?? DEFAULT_POOL);
  if (pool) return pool;
  const allowed = `allowed: ${pools.all.map(({ identity }) => identity.name).join(', ')}`;
  if (name === undefined) throw new Refusal('INVALID_INPUT', `"pool" is missing; ${allowed}`);
  throw new Refusal('UNKNOWN_POOL', allowed);
}
