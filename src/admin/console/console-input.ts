/** Reads what an operator wants to call. */

import { shownJson } from '../../config/secrecy.ts';
import { fieldsOf } from '../input.ts';
import { Refusal } from '../problems.ts';
import { itemSources, memberSource, withMembers } from './call-source.ts';

/** Longer names of methods are logged by their beginning. */
const MAX_METHOD = 64;

export interface ConsoleCall {
  /** The JSON-RPC request. */
  readonly text: string;
  /** What is called, as it is logged. */
  readonly method: string;
  readonly pool: string | undefined;
  readonly upstream: string | undefined;
}

/** `text` is that of the body. Throws a Refusal for a body that describes no call. */
export function readCall(body: unknown, text: string): ConsoleCall {
  const fields = fieldsOf(body, ['call', 'pool', 'upstream']);
  const call = fields.get('call');
  const calls: readonly unknown[] = Array.isArray(call) ? call : [call];
  if (calls.length === 0) throw refusal('call', call, 'a JSON-RPC call or an array of such');
  const methods = calls.map(methodOf).join(',');
  const source = memberSource(text, 'call');
  const sources = Array.isArray(call) ? itemSources(source) : [source];
  const nextId = freeIds(calls);
  const whole = sources.map((each, index) => withMembers(each, missingIn(calls[index], nextId)));
  return {
    text: Array.isArray(call) ? `[${whole.join(',')}]` : whole.join(),
    method: methods.length > MAX_METHOD ? `${methods.slice(0, MAX_METHOD)}…` : methods,
    pool: nameIn(fields, 'pool'),
    upstream: nameIn(fields, 'upstream'),
  };
}

/** What a JSON-RPC call must have, and this one has not. */
function missingIn(call: unknown, nextId: () => number): Readonly<Record<string, unknown>> {
  const has = (member: string) => Object.hasOwn(Object(call), member);
  return {
    ...(has('jsonrpc') ? {} : { jsonrpc: '2.0' }),
    ...(has('id') ? {} : { id: nextId() }),
    ...(has('params') ? {} : { params: [] }),
  };
}

/** Numbers from 1 on that none of these calls has as its id. */
function freeIds(calls: readonly unknown[]): () => number {
  const taken = new Set(calls.map((call) => String(Object(call).id)));
  let id = 0;
  return () => {
    do id += 1;
    while (taken.has(String(id)));
    return id;
  };
}

function methodOf(call: unknown): string {
  const method = typeof call === 'object' && call !== null && 'method' in call ? call.method : undefined;
  if (typeof call !== 'object' || typeof method !== 'string')
    throw refusal('call', call, 'an object with a "method", or an array of such');
  return method;
}

function nameIn(fields: ReadonlyMap<string, unknown>, key: string): string | undefined {
  const name = fields.get(key);
  if (name === undefined || name === null || typeof name === 'string') return name ?? undefined;
  throw refusal(key, name, 'a name');
}

function refusal(key: string, value: unknown, allowed: string): Refusal {
  const problem = value === undefined ? ' is missing' : `: ${shownJson(value)} is not allowed`;
  return new Refusal('INVALID_INPUT', `"${key}"${problem}; allowed: ${allowed}`);
}
