import { type AnswerCode, OWN_ANSWERS } from '../errors.ts';

/** A JSON-RPC error in the load balancer's own name. The id goes back as the bytes it came in. */
export function ownRpcError(code: AnswerCode, id: Buffer): Buffer {
  const { rpcCode, sentence } = OWN_ANSWERS[code];
  const error = JSON.stringify({ code: rpcCode, message: sentence, data: { code } });
  return Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":'), id, Buffer.from(`,"error":${error}}`)]);
}

/** The answers to a batch as one array. */
export function joinBatch(answers: readonly Buffer[]): Buffer {
  const parts = answers.flatMap((answer, index) => [Buffer.from(index === 0 ? '[' : ','), answer]);
  return Buffer.concat([...parts, Buffer.from(']')]);
}
