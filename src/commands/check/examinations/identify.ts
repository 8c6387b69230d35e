/** Finds out what answers at an upstream's URL: an Ethereum node, another JSON-RPC server, a web server. */

import { parseHeight, parseQuantity } from '../../../rpc/quantity.ts';
import type { Server } from '../finding.ts';
import type { Inquiry } from '../inquiry.ts';
import { type Reply, readReply, reasonOf, refusalIn, softwareOf } from '../reply.ts';

export interface Identity {
  readonly server: Server;
  /** In decimal. */
  readonly chainId?: string | undefined;
  readonly blockHeight?: number | undefined;
}

/** By its chain id and the number of its newest block, as far as the probe has not found them. */
export async function identify(inquiry: Inquiry, found: Omit<Identity, 'server'>): Promise<Identity> {
  if (found.chainId !== undefined && found.blockHeight !== undefined)
    return { ...found, server: { kind: 'ethereum' } };
  const reply = await inquiry.call('eth_chainId');
  const chainId = reply.kind === 'result' ? parseQuantity(reply.result) : undefined;
  if (chainId === undefined) return { server: serverOf(reply) };
  const newest = await inquiry.call('eth_blockNumber');
  const blockHeight = newest.kind === 'result' ? parseHeight(newest.result) : undefined;
  return { server: { kind: 'ethereum' }, chainId: String(chainId), blockHeight };
}

/** By a GET alone: where checks are GETs, a POST may be an order. */
export async function identifyByGet(inquiry: Inquiry): Promise<Identity> {
  const { upstream } = inquiry;
  const target = upstream.targetOf({ path: '/', query: undefined });
  const result = await inquiry.ask({ method: 'GET', target, headers: { accept: '*/*' } });
  if (result.kind === 'not-tried') return { server: result };
  if (result.kind === 'answer') {
    const software = softwareOf(result.headers, upstream.secrets);
    return { server: { kind: 'http', status: result.status, software } };
  }
  const asked = { method: 'GET', timeoutMs: inquiry.lightMs, secrets: upstream.secrets };
  return { server: serverOf(readReply(result, asked)) };
}

function serverOf(reply: Reply): Server {
  const refusal = refusalIn(reply);
  if (refusal !== undefined) return { kind: 'refuses', why: refusal };
  switch (reply.kind) {
    case 'result':
    case 'error':
      return { kind: 'json-rpc' };
    case 'no-rpc':
      return { kind: 'http', status: reply.status, software: reply.software };
    case 'failed':
    case 'silent':
      return { kind: 'unreachable', problem: reasonOf(reply) };
    case 'not-tried':
      return reply;
    default:
      return reply satisfies never;
  }
}
