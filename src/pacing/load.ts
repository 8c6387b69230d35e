/** What a request costs an upstream's limiter, as far as that is seen without knowing the provider's prices. */

/** The kinds of calls that providers price apart; a call's kind is its index in `Load.counts`. */
const KINDS = ['state', 'read', 'call', 'logs', 'trace', 'write', 'other'] as const;

type Kind = (typeof KINDS)[number];

export interface Load {
  /** How many JSON-RPC calls; 1 for any other request. */
  readonly calls: number;
  /** How many of them are of each kind. */
  readonly counts: readonly number[];
}

/** Methods whose names do not show their kind. */
const KIND_BY_NAME: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['eth_blockNumber', 'state'],
  ['eth_chainId', 'state'],
  ['eth_gasPrice', 'state'],
  ['eth_maxPriorityFeePerGas', 'state'],
  ['eth_syncing', 'state'],
  ['net_version', 'state'],
  ['net_listening', 'state'],
  ['net_peerCount', 'state'],
  ['web3_clientVersion', 'state'],
  ['getSlot', 'state'],
  ['getHealth', 'state'],
  ['getBlockHeight', 'state'],
  ['eth_call', 'call'],
  ['eth_estimateGas', 'call'],
  ['eth_createAccessList', 'call'],
  ['eth_callMany', 'call'],
  ['eth_simulateV1', 'call'],
  ['simulateTransaction', 'call'],
  ['eth_getLogs', 'logs'],
  ['eth_getFilterLogs', 'logs'],
  ['eth_getBlockReceipts', 'logs'],
  ['getProgramAccounts', 'logs'],
  ['getSignaturesForAddress', 'logs'],
]);

function kindOf(method: string | undefined): Kind {
  if (method === undefined) return 'other';
  const known = KIND_BY_NAME.get(method);
  if (known !== undefined) return known;
  if (method.startsWith('debug_') || method.startsWith('trace_') || method.startsWith('arbtrace_'))
    return 'trace';
  return method.includes('send') || method.includes('Send') ? 'write' : 'read';
}

function frozenLoad(calls: number, counts: readonly number[]): Load {
  return Object.freeze({ calls, counts: Object.freeze(counts) });
}

const SINGLE: Readonly<Record<Kind, Load>> = Object.fromEntries(
  KINDS.map((kind) => [
    kind,
    frozenLoad(
      1,
      KINDS.map((other) => (other === kind ? 1 : 0)),
    ),
  ]),
  // All of them are there: the keys are KINDS.
) as Record<Kind, Load>;

/**
 * The load of a request with these JSON-RPC methods; `undefined` stands for a call whose method is not known, and for a
 * request that is no JSON-RPC. One call's load is shared by all of its kind, so that it costs no allocation.
 */
export function loadOf(methods: readonly (string | undefined)[]): Load {
  if (methods.length <= 1) return SINGLE[kindOf(methods[0])];
  const counts = KINDS.map(() => 0);
  for (const method of methods) {
    const kind = KINDS.indexOf(kindOf(method));
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return frozenLoad(methods.length, counts);
}
