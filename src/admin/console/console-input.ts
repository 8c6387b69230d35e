/** Reads what an operator wants to call. */

import { shownJson } from '../../config/secrecy.ts';
import { fieldsOf } from '../input.ts';
import { Refusal } from '../problems.ts';

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

/** Throws a Refusal for a body that describes no call. */
export function readCall(body: unknown): ConsoleCall {
  const fields = fieldsOf(body, ['call', 'pool', 'upstream']);
  const call = fields.get('call');
  const calls: readonly unknown[] = Array.isArray(call) ? call : [call];
  if (calls.length === 0) throw refusal('call', call, 'a JSON-RPC call or an array of such');
  const whole = calls.map((each, index) => completed(each, index + 1));
  const methods = whole.map(({ method }) => method).join(',');
  return {
    text: JSON.stringify(Array.isArray(call) ? whole : whole[0]),
    method: methods.length > MAX_METHOD ? `${methods.slice(0, MAX_METHOD)}…` : methods,
    pool: nameIn(fields, 'pool'),
    upstream: nameIn(fields, 'upstream'),
  };
}

/** With what a JSON-RPC call must have, where it has it not. */
function completed(
  call: unknown,
  id: number,
): { readonly method: string; readonly [member: string]: unknown } {
  const method = typeof call === 'object' && call !== null && 'method' in call ? call.method : undefined;
  if (typeof call !== 'object' || typeof method !== 'string')
    throw refusal('call', call, 'an object with a "method", or an array of such');
  return { jsonrpc: '2.0', id, params: [], ...call, method };
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
