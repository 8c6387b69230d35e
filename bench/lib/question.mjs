/** The call that the load generator sends, of some 60 bytes, and the upstream's answer to it, of 45. */
export const QUESTION = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}';
export const ANSWER = '{"jsonrpc":"2.0","id":1,"result":"0x12d687a"}';
