import { describe, expect, it } from 'vitest';
import { parseRpcRequest, type RpcAnswer, scanRpcAnswer, startsLikeAnswer } from '../../src/rpc/message.ts';
import { fc } from '../support/properties.ts';
import { objectSource, type Source, spacing, valueSource } from './json-document.ts';

const message = fc.record(
  {
    id: fc.jsonValue(),
    result: fc.jsonValue(),
    error: fc.jsonValue(),
    other: fc.jsonValue(),
    jsonrpc: fc.constant('2.0'),
  },
  { requiredKeys: [] },
);

function expectMembers(bytes: Buffer, found: RpcAnswer | undefined, source: Source): void {
  const expected = JSON.parse(source.text);
  for (const name of ['id', 'result', 'error'] as const) {
    const start = found?.[`${name}Start`] ?? Number.NaN;
    const end = found?.[`${name}End`] ?? Number.NaN;
    if (!Object.hasOwn(expected, name)) expect(start).toBe(-1);
    else expect(JSON.parse(bytes.subarray(start, end).toString())).toEqual(expected[name]);
  }
  expect(JSON.parse(bytes.subarray(found?.start, found?.end).toString())).toEqual(expected);
}

describe('the scanner beside JSON.parse', () => {
  it('finds the same members in every object, however it is spaced and escaped', () => {
    fc.assert(
      fc.property(message.chain(objectSource), spacing, spacing, (source, before, after) => {
        const bytes = Buffer.from(`${before}${source.text}${after}`);
        expectMembers(bytes, scanRpcAnswer(bytes)?.answers[0], source);
      }),
      { numRuns: 500 },
    );
  });

  it('finds the same items in every batch', () => {
    fc.assert(
      fc.property(fc.array(message.chain(objectSource), { maxLength: 5 }), spacing, (sources, space) => {
        const bytes = Buffer.from(
          `[${space}${sources.map((source) => source.text).join(`${space},${space}`)}]`,
        );
        const found = scanRpcAnswer(bytes);
        expect(found?.answers.length).toBe(sources.length);
        for (const [i, source] of sources.entries()) expectMembers(bytes, found?.answers[i], source);
      }),
    );
  });

  it('reads every call as JSON.parse does', () => {
    const calls = fc.record({
      method: fc.string({ unit: 'binary' }),
      params: fc.jsonValue(),
      id: fc.jsonValue(),
    });
    fc.assert(
      fc.property(calls.chain(objectSource), (source) => {
        const bytes = Buffer.from(source.text);
        const expected = JSON.parse(bytes.toString());
        const found = parseRpcRequest(bytes)?.calls[0];
        expect(found?.method).toBe(expected.method);
        expect(JSON.parse(bytes.subarray(found?.paramsStart, found?.paramsEnd).toString())).toEqual(
          expected.params,
        );
        expect(found?.ambiguous).toBe(source.oddKeys);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses every document that was cut', () => {
    fc.assert(
      fc.property(fc.oneof(message.chain(objectSource), fc.array(message).chain(valueSource)), (source) => {
        const bytes = Buffer.from(source.text.trim());
        const taken: string[] = [];
        for (let end = 0; end < bytes.length; end++) {
          const cut = bytes.subarray(0, end);
          if (scanRpcAnswer(cut) !== undefined) taken.push(cut.toString());
        }
        expect(taken).toEqual([]);
        expect(scanRpcAnswer(bytes)).toBeDefined();
      }),
    );
  });

  it('never throws, and never refuses what JSON.parse takes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.constantFrom(...'{}[]",:\\ \n1-.eEtrufalsn', '"id"', '"method":"m"', '\ufeff'), {
        maxLength: 30,
      }),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const body = Buffer.from(input instanceof Uint8Array ? input : input.join(''));
        const scanned = scanRpcAnswer(body);
        parseRpcRequest(body);
        startsLikeAnswer(body, true);
        const parsed = tryParse(body.toString());
        const isMessage = Array.isArray(parsed) ? parsed.every(isPlainObject) : isPlainObject(parsed);
        if (isMessage) expect(scanned).toBeDefined();
      }),
      { numRuns: 3_000 },
    );
  });
});

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
