// A search that finds nothing proves nothing, unless it finds what is there.
import { describe, expect, it } from 'vitest';
import { SecretSearch } from './secret-search.ts';

const SECRET = 'sEcret/Key+With~Signs&"more"';
const search = new SecretSearch([
  { name: 'the key', text: SECRET },
  { name: 'another', text: 'nowhere-to-be-found' },
]);

const allPercent = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const allEscaped = (text: string) =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

describe('a secret is found', () => {
  it.each<[string, string]>([
    ['as it is', SECRET],
    ['in capitals', SECRET.toUpperCase()],
    ['by twelve of its characters', SECRET.slice(7, 19)],
    ['percent-encoded', encodeURIComponent(SECRET)],
    [
      'percent-encoded in small letters',
      encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase()),
    ],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(SECRET))],
    ['percent-encoded to the last letter', allPercent(SECRET)],
    ['in JSON', JSON.stringify({ key: SECRET })],
    ['in JSON within JSON', JSON.stringify(JSON.stringify({ key: SECRET }))],
    ['in JSON, escaped to the last letter', allEscaped(SECRET)],
    ['in JSON, percent-encoded', JSON.stringify({ key: encodeURIComponent(SECRET) })],
    ['in HTML', SECRET.replaceAll('&', '&amp;').replaceAll('"', '&#34;')],
    ['in base64', base64(SECRET)],
    ['in base64, one further', base64(`x${SECRET}`)],
    ['in base64, two further', base64(`xx${SECRET}`)],
    ['in base64 that other letters lead to', `Key${base64(SECRET)}`],
    ['in base64 without padding', base64(SECRET).replace(/=+$/, '')],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
    ['in base64 that is percent-encoded', encodeURIComponent(base64(`user:${SECRET}`))],
    ['percent-encoded in base64', base64(encodeURIComponent(SECRET))],
    ['as a password of Basic', `Authorization: Basic ${base64(`some user:${SECRET}`)}`],
    ['in hexadecimal digits', Buffer.from(SECRET).toString('hex')],
    ['in hexadecimal digits after an odd one', `a${Buffer.from(SECRET).toString('hex').toUpperCase()}`],
  ])('%s', (_, form) => {
    for (const text of [form, `before ${form} after`, `{"level":"info","path":"/x/${form}?y"}\n`])
      expect(search.leaksIn(text).map(({ name }) => name)).toEqual(['the key']);
  });
});

it('less of it, or a text like any other, is none', () => {
  for (const text of [SECRET.slice(0, 11), 'A line of the log', base64(SECRET.slice(0, 11)), ''])
    expect(search.leaksIn(text)).toEqual([]);
});

it('a secret that is too short would be found by chance', () => {
  expect(() => new SecretSearch([{ name: 'word', text: 'elevenChars' }])).toThrow('too short');
});
