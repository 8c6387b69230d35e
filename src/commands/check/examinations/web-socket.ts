/** Tries whether an upstream accepts WebSockets at its URL. */

import { createHash } from 'node:crypto';
import { type Finding, known, notTried, untold } from '../finding.ts';
import type { Inquiry } from '../inquiry.ts';
import { readReply, reasonOf } from '../reply.ts';

/** RFC 6455, 1.3. Any key will do: it only shows that the answer is to this question. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = Buffer.from('load balancer 16').toString('base64');
const ACCEPT = createHash('sha1').update(`${KEY}${GUID}`).digest('base64');

/** Whether it does; of a refusal the status is shown. */
export interface WebSocketAnswer {
  readonly accepts: boolean;
  readonly status: number;
}

export async function webSocket(inquiry: Inquiry): Promise<Finding<WebSocketAnswer>> {
  const { upstream } = inquiry;
  const target = upstream.targetOf({ path: '/', query: undefined });
  const result = await inquiry.ask({
    method: 'GET',
    target,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': KEY,
    },
  });
  if (result.kind === 'not-tried') return notTried(result.why);
  if (result.kind !== 'answer') {
    const asked = { method: 'GET', timeoutMs: inquiry.lightMs, secrets: upstream.secrets };
    return untold(withoutResult(readReply(result, asked)));
  }
  const { status, headers } = result;
  if (status === 429) return untold('HTTP 429');
  return known({ accepts: status === 101 && headers['sec-websocket-accept'] === ACCEPT, status });
}

function withoutResult(reply: ReturnType<typeof readReply>): string {
  return reply.kind === 'result' ? 'no answer' : reasonOf(reply);
}
