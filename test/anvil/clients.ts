import { FetchRequest, HDNodeWallet, JsonRpcProvider } from 'ethers';
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  type HttpTransportConfig,
  http,
  type PublicClient,
} from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { releaseAfterwards } from '../support/leftovers.ts';

/** The phrase of the rich accounts of every development node; public knowledge. */
const PHRASE = 'test test test test test test test test test test test junk';
export const CHAIN_ID = 31_337;
/** How often the clients look for a receipt or a new block. */
const POLLING_MS = 50;

/** The identity precompile: a call of it returns the call's data, on every chain and without a contract. */
export const IDENTITY = '0x0000000000000000000000000000000000000004';

/** The first of the rich accounts. */
export const account = mnemonicToAccount(PHRASE);

const chainAt = (url: string) =>
  defineChain({
    id: CHAIN_ID,
    name: 'Anvil',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });

/** Repeats nothing, so that a failure can't hide. */
export function viemReader(url: string, transport: HttpTransportConfig = {}): PublicClient {
  return createPublicClient({
    chain: chainAt(url),
    transport: http(url, { retryCount: 0, timeout: 60_000, ...transport }),
    pollingInterval: POLLING_MS,
    cacheTime: 0,
  });
}

/** Signs here and sends raw transactions from the first rich account. */
export function viemWallet(url: string) {
  return createWalletClient({
    account,
    chain: chainAt(url),
    transport: http(url, { retryCount: 0, timeout: 60_000 }),
  });
}

/** One call per request, nothing kept, nothing repeated. */
export function ethersReader(url: string): JsonRpcProvider {
  const request = new FetchRequest(url);
  request.setThrottleParams({ maxAttempts: 1 });
  const provider = new JsonRpcProvider(request, CHAIN_ID, {
    staticNetwork: true,
    batchMaxCount: 1,
    cacheTimeout: -1,
    pollingInterval: POLLING_MS,
  });
  releaseAfterwards(() => provider.destroy());
  return provider;
}

/** The same account as viem's. */
export function ethersWallet(url: string): HDNodeWallet {
  return HDNodeWallet.fromPhrase(PHRASE).connect(ethersReader(url));
}

/** A word of 32 bytes that holds this number. */
export function word(value: number): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`;
}
