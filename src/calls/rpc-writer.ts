/** Writes JSON-RPC answers of the load balancer's own. */

import { type AnswerCode, OWN_ANSWERS } from '../errors.ts';

/** A JSON-RPC error of the load balancer itself. `id` is written byte for byte as the client sent it. */
export function writeRpcError(code: AnswerCode, id: Buffer): Buffer {
  const { rpcCode, sentence } = OWN_ANSWERS[code];
  const error = JSON.stringify({ code: rpcCode, message: sentence, data: { code } });
  return Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":'), id, Buffer.from(`,"error":${error}}`)]);
}

/** Joins the answers to a batch into one array. */
export function joinBatch(answers: readonly Buffer[]): Buffer {
  const parts = answers.flatMap((answer, index) => [Buffer.from(index === 0 ? '[' : ','), answer]);
  return Buffer.concat([...parts, Buffer.from(']')]);
}
