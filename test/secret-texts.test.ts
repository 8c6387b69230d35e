import { describe, expect, it } from 'vitest';
import { SecretTexts, secretForms, secretsOf, secretsOfHeader } from '../src/secret-texts.ts';
import { fc } from './support/properties.ts';

const letters = 'abcXYZ059-_.~%2f+=ä ';
const key = fc.string({ unit: fc.constantFrom(...letters), minLength: 8, maxLength: 24 });
/** Keys that are told from what stands around them. */
const address = fc
  .tuple(key, key, key, key)
  .map(([path, value, user, password]) => {
    const url = new URL('https://up.example');
    url.pathname = `/v2/P${path.replaceAll('/', '')}p`;
    url.search = `?apikey=Q${encodeURIComponent(value)}q`;
    url.username = `U${user}u`;
    url.password = `W${password}w`;
    return url;
  })
  .filter((url) => {
    try {
      decodeURIComponent(url.pathname + url.username + url.password);
      return true;
    } catch {
      return false;
    }
  });

const plain = (text: string) => decodeURIComponent(text);

/** Ways in which others write a text of a URL. */
const quoting = fc.constantFrom<(text: string) => string>(
  (text) => text,
  plain,
  (text) => encodeURIComponent(plain(text)),
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => Buffer.from(plain(text)).toString('latin1'),
);

const part = fc.constantFrom<(url: URL) => string>(
  ({ pathname }) => pathname,
  ({ pathname, search }) => pathname + search,
  ({ pathname }) => pathname.split('/')[2] ?? '',
  ({ search }) => search.slice(1),
  ({ search }) => search.slice('?apikey='.length),
  ({ username }) => username,
  ({ password }) => password,
);

const around = fc.string({ unit: fc.constantFrom(...'<>"\'{}[]():;, \n\t/?&'), maxLength: 12 });

describe('a secret, however it is quoted', () => {
  it('is taken out of any text, and nothing else is', () => {
    fc.assert(
      fc.property(address, part, quoting, around, around, (url, partOf, quote, before, after) => {
        const masked = new SecretTexts(secretsOf(url)).mask(`${before}|${quote(partOf(url))}|${after}`);
        expect(masked).toBe(`${before}|***|${after}`);
      }),
    );
  });

  it('is taken out of JSON, which stays JSON with the same numbers and names', () => {
    fc.assert(
      fc.property(address, part, quoting, around, (url, partOf, quote, before) => {
        const text = `${before}|${quote(partOf(url))}|`;
        const json = JSON.stringify({ code: -32000, list: [1e21, text], [text]: null });
        const masked = new SecretTexts(secretsOf(url)).maskJson(json) ?? '';
        const shown = `${before}|***|`;
        expect(JSON.parse(masked)).toEqual({ code: -32000, list: [1e21, shown], [shown]: null });
      }),
    );
  });
});

describe('JSON', () => {
  const secrets = new SecretTexts(secretsOf(new URL('https://up.example/v2/123456789/nabcdefg')));

  it.each([
    ['a number that is a secret', '{"a":123456789}', '{"a":"***"}'],
    ['a number that holds one', '{"a":-1123456789.5e3}', '{"a":-1123456789.5e3}'],
    ['an escape that ends where a secret begins', '["\\nabcdefg \\nabcdefg"]', '["\\nabcdefg \\nabcdefg"]'],
    ['escapes within a secret', '["\\u006eabcdefg, \\/v2\\/123456789\\/"]', '["***, /v2/***/"]'],
  ])('with %s', (_, json, masked) => {
    expect(secrets.maskJson(json)).toBe(masked);
  });

  it('that is none is not taken for it', () => {
    expect(secrets.maskJson('{"a": nabcdefg}')).toBeUndefined();
  });
});

describe('a text with escapes', () => {
  const secrets = new SecretTexts(['KEY/1234567', 'abcabc']);

  it.each([
    ['JSON in a text of JSON', JSON.stringify(JSON.stringify({ a: 'KEY/1234567' })).replace('K', '\\u004b')],
    ['JSON after JSON', '{"a":1}\n{"a":"\\u004bEY\\/1234567"}'],
    ['an event', 'data: "KEY\\u002f1234567"\n\n'],
    ['escapes of escapes', '"\\u005cu004bEY\\\\/1234567"'],
  ])('%s: they are taken out', (_, text) => {
    const masked = secrets.maskEscaped(text);
    expect(masked).toContain('***');
    expect(masked).not.toContain('234');
    expect(secrets.maskEscaped('C:\\temp \\u00e4')).toBe('C:\\temp \\u00e4');
  });

  it('also of JSON within JSON, which stays JSON', () => {
    const json = JSON.stringify({ error: JSON.stringify({ a: 'KEY/1234567' }).replace('K', '\\u004b') });
    expect(JSON.parse(secrets.maskJson(json) ?? '')).toEqual({ error: '{"a":"***"}' });
  });

  it.each([
    ['x KEY/123456', 'x '],
    ['x k', 'x '],
    ['x KEY/1234567', 'x ***'],
    ['x KEY/1234567 y', 'x *** y'],
    ['x abcabc', 'x ***'],
    ['x \\u004bEY\\/12', 'x '],
    ['x KEY\\u00', 'x '],
    ['x KEY\\\\u002f1\\\\', 'x '],
    ['x KEY\ufffd', 'x '],
    ['x y', 'x y'],
  ])('that was cut, %j, loses the beginning of a secret', (text, shown) => {
    expect(secrets.maskCut(text)).toBe(shown);
  });
});

it('without secrets every text is left alone', () => {
  const none = new SecretTexts(secretsOf(new URL('http://up.example:8545')));
  expect([none.areNone, none.mask('http://up.example:8545/x')]).toEqual([true, 'http://up.example:8545/x']);
});

describe('the secrets of a header line', () => {
  const masked = (name: string, value: string, text: string) =>
    new SecretTexts(secretsOfHeader(name, value)).mask(text);

  it.each([
    ['X-Api-Key', 'headerKey1', 'key HEADERKEY1 is unknown', 'key *** is unknown'],
    [
      'Authorization',
      'Bearer headerKey1',
      'Bearer headerKey1 or headerKey1: no Bearer',
      '*** or ***: no Bearer',
    ],
    ['Authorization', `Basic ${btoa('userName:passWord')}`, 'no userName, no passWord', 'no ***, no ***'],
    ['Cookie', 'session=headerKey1; other=headerKey2', 'headerKey2 headerKey1', '*** ***'],
    ['X-Token', 'aGVhZGVyS2V5==', 'aGVhZGVyS2V5', '***'],
    ['X-Token', 'header key', 'header%20key', '***'],
    ['X-Network', 'mainnet', 'mainnet', 'mainnet'],
    ['X-Short', 'abc', 'abc', 'abc'],
    ['Accept', 'application/json', 'application/json', 'application/json'],
  ])('%s: %s are found', (name, value, text, shown) => {
    expect(masked(name, value, text)).toBe(shown);
  });
});

describe('a text that is secret as a whole', () => {
  it('is known as it is, percent-encoded and as JSON has it', () => {
    expect(secretForms('a"key/of 9')).toEqual(
      expect.arrayContaining(['a"key/of 9', 'a%22key%2Fof%209', 'a\\"key/of 9']),
    );
  });

  it('may be short, its forms may not: they would be found everywhere', () => {
    expect(secretForms('%61')).toEqual(['%61']);
  });
});
