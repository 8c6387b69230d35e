const BLOCK = '0x12d687a';

/** An address that only this question asks for. */
function addressOf(unique) {
  return `0x${unique.toString(16).padStart(40, '0')}`;
}

/** `0x` and 32 bytes that end with the address. */
function wordOf(address) {
  return `0x${address.slice(2).padStart(64, '0')}`;
}

/**
 * The methods that clients call: the params of a question, the one right result, which can be told from the
 * params alone, and the cost in compute units (Alchemy's table).
 */
const asked = {
  eth_getBalance: {
    units: 20,
    params: (unique) => [addressOf(unique), 'latest'],
    result: ([address]) => `0x1${address.slice(2)}`,
  },
  eth_call: {
    units: 26,
    params: (unique) => [{ to: addressOf(unique), data: '0x18160ddd' }, 'latest'],
    result: ([{ to }]) => wordOf(to),
  },
  eth_getLogs: {
    units: 60,
    params: (unique) => [{ address: addressOf(unique), fromBlock: BLOCK, toBlock: BLOCK }],
    result: ([{ address }]) => [
      {
        address,
        topics: [wordOf(address)],
        data: '0x',
        blockNumber: BLOCK,
        transactionHash: wordOf(address),
        transactionIndex: '0x0',
        blockHash: wordOf('0x1'),
        logIndex: '0x0',
        removed: false,
      },
    ],
  },
};

/** What balancers ask by themselves, to see whether a provider is well. */
const checks = {
  eth_chainId: { units: 0, result: () => '0x1' },
  eth_blockNumber: { units: 10, result: () => BLOCK },
};

/** What a call of that method costs, in compute units. */
export function unitsOf(method) {
  return (asked[method] ?? checks[method])?.units ?? 20;
}

/** The request's body for a question, and the JSON of its one right result. */
export function question(method, unique) {
  const params = asked[method].params(unique);
  return {
    body: JSON.stringify({ jsonrpc: '2.0', id: unique, method, params }),
    result: JSON.stringify(asked[method].result(params)),
  };
}

/** The body of the right answer to a call. */
export function answerTo({ id, method, params }) {
  const result = (asked[method] ?? checks[method] ?? checks.eth_blockNumber).result(params);
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}
