import { describe, expect, it } from 'vitest';
import { ClientWords } from '../../src/rpc/client-words.ts';
import { classifyRpcError, type RpcErrorClass, type RpcErrorFacts } from '../../src/rpc/errors.ts';
import { ERROR_TABLE } from '../../src/rpc/tables/index.ts';
import { fc } from '../support/properties.ts';
import { factsOf, readCorpus } from './corpus.ts';

const BLAMING: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>([
  'plan',
  'auth',
  'throttled',
  'method-unsupported',
  'upstream-broken',
]);

/** All that bears a class: the phrases of the tables, and whole errors that blame somebody. */
const CORPUS_TEXTS = readCorpus()
  .filter(({ class: name }) => BLAMING.has(name as RpcErrorClass))
  .flatMap(factsOf)
  .flatMap(({ message, data }) => [message, ...(typeof data === 'string' ? [data] : [])]);
const TABLE_TEXTS = ERROR_TABLE.flatMap(({ text }) => text ?? []).filter((term) => typeof term === 'string');
const TEXTS = [...new Set([...CORPUS_TEXTS, ...TABLE_TEXTS])].filter((text) => text !== '');

/** How the client writes it. */
const asWritten = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => text.replaceAll(' ', '_'),
  (text) => text.replaceAll(' ', '\n'),
  (text) => `some words, then ${text}, and more`,
  (text) => encodeURIComponent(text),
);
/** How a node shows what it got. */
const asShown = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.toLowerCase(),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => JSON.stringify(JSON.stringify(text)).slice(2, -2),
  (text) => `${text.slice(0, 120)}...`,
  (text) => `${text.slice(0, text.length - 2)}…`,
  (text) => text.replaceAll(/\s+/g, ' '),
  (text) => text.replaceAll(/[_\n]/g, ' '),
  (text) =>
    /%[0-9a-f]{2}/i.test(text) ? decodeURIComponent(text.replaceAll(/%(?![0-9a-f]{2})/gi, '%25')) : text,
);
const quotingParams = fc.constantFrom<(shown: string) => string>(
  (shown) => `invalid value: string "${shown}", expected a 20 byte hex string`,
  (shown) => `unknown field \`${shown}\`, expected one of \`to\`, \`from\``,
  (shown) => `unknown variant '${shown}'`,
  (shown) => `invalid argument 0: ${shown} is no address`,
  (shown) => `json: cannot unmarshal string “${shown}” into Go value`,
  (shown) => `Invalid parameter (${shown})`,
  (shown) => `Value \\"${shown}\\" is wrong`,
  (shown) => shown,
);
const quotingMethod = fc.constantFrom<(shown: string) => string>(
  (shown) => `the method ${shown} does not exist/is not available`,
  (shown) => `Method '${shown}' not found`,
  (shown) => `Unsupported method: ${shown}`,
  (shown) => `Unknown method "${shown}"`,
  (shown) => `${shown}: no such call`,
);
const place = fc.constantFrom<(said: string) => Pick<RpcErrorFacts, 'message' | 'data' | 'whole'>>(
  (said) => ({ message: said, data: undefined }),
  (said) => ({ message: 'odd call', data: said }),
  (said) => ({ message: 'odd call', data: { message: said } }),
  (said) => ({ message: 'odd call', data: { error: { message: said, details: said } } }),
  (said) => ({ message: 'odd call', data: undefined, whole: { details: said, cause: { name: said } } }),
);
const intoParams = fc.constantFrom<(text: string) => unknown>(
  (text) => [text],
  (text) => [{ to: text }, 'latest'],
  (text) => [{ [text]: 1 }],
  (text) => ({ deep: [[{ a: ['x', text] }]] }),
  (text) => ['x'.repeat(10_000), text],
);
const facts = fc.record({
  httpStatus: fc.constantFrom(200, 400, 404, 500),
  code: fc.constantFrom(
    undefined,
    0,
    3,
    -32_000,
    -32_001,
    -32_016,
    -32_099,
    -32_600,
    -32_602,
    -32_603,
    -32_700,
  ),
});

describe('the words of the client', () => {
  it('blame nobody when they come back out of its parameters', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TEXTS),
        fc.tuple(asWritten, asShown, quotingParams, place),
        intoParams,
        facts,
        (text, [write, show, quote, put], into, rest) => {
          const written = write(text);
          const words = new ClientWords(() => `eth_call 1 ${JSON.stringify(into(written))}`);
          const error = { ...rest, ...put(quote(show(written))), method: 'eth_call', words };
          expect(BLAMING.has(classifyRpcError(error).class), JSON.stringify(error)).toBe(false);
        },
      ),
      { numRuns: 4_000 },
    );
  });

  it('blame nobody when they come back as its method, but for that method', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TEXTS),
        fc.tuple(asWritten, asShown, quotingMethod, place),
        facts,
        fc.boolean(),
        (text, [write, show, quote, put], rest, missing) => {
          const method = write(text);
          const words = new ClientWords(() => `${method} 1 []`);
          const error = {
            ...rest,
            ...(missing && { code: -32_601 }),
            ...put(quote(show(method))),
            method,
            words,
          };
          const { class: found } = classifyRpcError(error);
          expect(BLAMING.has(found) && found !== 'method-unsupported', JSON.stringify(error)).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('say nothing against a provider’s own words beside them', () => {
    const words = new ClientWords(() => 'alchemy_getAssetTransfers 1 [{"limit":"0x10","rate":1}]');
    const said = (message: string) =>
      classifyRpcError({
        httpStatus: 200,
        code: -32_000,
        message,
        data: undefined,
        method: 'alchemy_getAssetTransfers',
        words,
      }).class;
    expect(said('rate limit exceeded')).toBe('throttled');
    expect(said('unknown field "limit"')).toBe('unknown');
    expect(said('unknown field "limit": too many requests')).toBe('throttled');
    expect(said('Unauthorized')).toBe('auth');
  });
});

describe('the words of contracts and programs', () => {
  const speaking = fc.constantFrom<(text: string) => Partial<RpcErrorFacts>>(
    (text) => ({ code: 3, message: text }),
    (text) => ({ code: 3, message: `execution reverted: ${text}` }),
    (text) => ({ code: -32_000, message: `execution reverted: ${text}` }),
    (text) => ({ code: -32_015, message: 'VM execution error.', data: `Reverted ${text}` }),
    (text) => ({ code: -32_603, message: `VM Exception while processing transaction: ${text}` }),
    (text) => ({ code: -32_000, message: text, data: '0x08c379a0' }),
    (text) => ({ code: -32_002, message: text, method: 'sendTransaction' }),
    (text) => ({ code: -32_002, message: `Transaction simulation failed: ${text}` }),
    (text) => ({
      code: 40,
      message: 'Contract error',
      data: { revert_error: text },
      method: 'starknet_call',
    }),
    (text) => ({ code: 40, message: text, method: 'starknet_call' }),
    (text) => ({ code: -32_504, message: text, method: 'eth_sendUserOperation' }),
    (text) => ({ code: -32_000, message: `failed to execute message; message index: 0: ${text}` }),
    (text) => ({ code: -32_010, message: text, method: 'eth_sendRawTransaction' }),
    (text) => ({ code: -26, message: text, method: 'sendrawtransaction' }),
    (text) => ({ code: 1010, message: text, data: text, method: 'author_submitExtrinsic' }),
    (text) => ({ code: -32_000, message: `transaction rejected: ${text}`, method: 'eth_sendRawTransaction' }),
    (text) => ({ code: -32_602, message: text }),
  );

  it('blame nobody', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TEXTS),
        speaking,
        fc.constantFrom(200, 400, 500),
        (text, speak, httpStatus) => {
          const error = {
            httpStatus,
            code: -32_000,
            message: '',
            data: undefined,
            method: 'eth_call',
            ...speak(text),
          };
          expect(BLAMING.has(classifyRpcError(error).class), JSON.stringify(error)).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
