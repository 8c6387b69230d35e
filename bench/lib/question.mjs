/** The call that the load generator sends, of some 60 bytes, and the upstream's answer to it, of 45. */
export const QUESTION = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}';
export const ANSWER = '{"jsonrpc":"2.0","id":1,"result":"0x12d687a"}';

/** An answer of so many bytes to the same call. */
export function answerOf(bytes) {
  const [head, tail] = ['{"jsonrpc":"2.0","id":1,"result":"0x', '"}'];
  return head + 'f'.repeat(bytes - head.length - tail.length) + tail;
}
