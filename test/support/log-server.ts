import type { Behaviour } from './behaviours.ts';
import type { FakeUpstream } from './fake-upstream.ts';
import { memberSources } from './json-source.ts';
import { answerEach, callsIn, errorMember, type ScriptedCall } from './rpc-script.ts';

/** A node that has logs in its blocks, and its limits. */
export interface LogServer {
  /** How many logs there are in a block; one in each unless it says otherwise. */
  readonly logsIn?: (block: number) => number;
  /** The widest range that it takes. */
  readonly maxBlocks?: number;
  /** What it says of a wider one. */
  readonly refusal?: (blocks: number) => string;
  /** The most logs that it returns. */
  readonly maxLogs?: number;
  /** The newest block. */
  readonly head?: number;
  /** What it answers to other calls. */
  readonly otherwise?: (call: ScriptedCall) => string | undefined;
}

/** The range that a call asks for; `last` is undefined for one without a number. */
export function rangeOf({ source }: Pick<ScriptedCall, 'source'>): {
  first: number;
  last: number | undefined;
} {
  const [filter] = JSON.parse(memberSources(source).get('params') ?? '[{}]');
  const last = Number(filter.toBlock);
  return { first: Number(filter.fromBlock), last: Number.isNaN(last) ? undefined : last };
}

/** The logs of these blocks, written in a way that no serializer would choose. */
export function logsOf(first: number, last: number, logsIn: LogServer['logsIn'] = () => 1): string[] {
  const logs: string[] = [];
  for (let block = first; block <= last; block++)
    for (let index = 0; index < logsIn(block); index++)
      logs.push(
        `{ "blockNumber":"0x${block.toString(16)}","logIndex" : ${index}.0,"data":"\\u0041","removed":${index % 2 === 1}}`,
      );
  return logs;
}

export function logServer(server: LogServer): Behaviour {
  const { maxBlocks = Number.POSITIVE_INFINITY, maxLogs = Number.POSITIVE_INFINITY, head = 1e6 } = server;
  return answerEach((call) => {
    if (call.method !== 'eth_getLogs') return server.otherwise?.(call) ?? '"result":"other"';
    const { first, last = head } = rangeOf(call);
    const blocks = last - first + 1;
    if (blocks > maxBlocks)
      return errorMember(
        -32000,
        (server.refusal ?? ((n) => `range ${n} exceeds limit of ${maxBlocks}`))(blocks),
      );
    const logs = logsOf(first, Math.min(last, head), server.logsIn);
    if (logs.length > maxLogs) return errorMember(-32005, `query returned more than ${maxLogs} results`);
    return `"result": [ ${logs.join(' ,')} ]`;
  });
}

/** The ranges that an upstream was asked for, in the order of their arrival: `1-10`. */
export function rangesAt({ requests }: FakeUpstream): string[] {
  return requests.flatMap(({ body }) =>
    callsIn(body).flatMap((call) => {
      if (call.method !== 'eth_getLogs') return [];
      const { first, last } = rangeOf(call);
      return [`${first}-${last ?? 'latest'}`];
    }),
  );
}

export const hex = (value: number) => `0x${value.toString(16)}`;

/** A call for logs. `to`: a number, or how it is written. */
export function getLogs(from: number, to: number | string, id: string = '1'): string {
  const last = typeof to === 'number' ? hex(to) : to;
  return `{"jsonrpc":"2.0","id":${id},"method":"eth_getLogs","params":[{"address":"0xAb","fromBlock":"${hex(from)}","toBlock":"${last}"}]}`;
}
