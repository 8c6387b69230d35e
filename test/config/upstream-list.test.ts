import { describe, expect, it } from 'vitest';
import { OPTION_NAMES } from '../../src/config/upstreams/upstream-options.ts';
import { configOf, problemsOf } from './loading.ts';

const upstreamsOf = (primaries: string, fallbacks = 'none') =>
  configOf({ env: { RPC_URLS: primaries, FALLBACK_RPC_URLS: fallbacks } }).upstreams;
const problemsIn = (primaries: string, fallbacks = 'none') =>
  problemsOf({ env: { RPC_URLS: primaries, FALLBACK_RPC_URLS: fallbacks } });
const namesIn = (primaries: string, fallbacks = 'none') =>
  upstreamsOf(primaries, fallbacks).map(({ name }) => name);

describe('an entry', () => {
  it('is a URL with options after blanks', () => {
    expect(upstreamsOf(' https://eth.example/v2/KEY  name=alchemy\tweight=3 ,https://other.example')).toEqual(
      [
        { url: new URL('https://eth.example/v2/KEY'), name: 'alchemy', weight: 3, tier: 'primary' },
        { url: new URL('https://other.example'), name: 'other.example', weight: 1, tier: 'primary' },
      ],
    );
  });

  it('may be empty: a comma too many is tolerated', () => {
    expect(namesIn(',http://a,,http://b, ')).toEqual(['a', 'b']);
  });

  it.each([
    [
      'eth.example/KEY',
      'eth.example is no URL; allowed: http://host or https://host, with port, path and query where needed',
    ],
    [
      'https:/eth.example',
      'https://eth.example is no URL; allowed: http://host or https://host, with port, path and query where needed',
    ],
    [
      'https:///KEY',
      'https://*** is no URL; allowed: http://host or https://host, with port, path and query where needed',
    ],
    [
      'wss://eth.example/KEY',
      'wss://eth.example is a URL for WebSockets; allowed: http://host or https://host, which WebSockets are sent to as well',
    ],
    [
      'ftp://eth.example',
      'ftp://eth.example is no URL; allowed: http://host or https://host, with port, path and query where needed',
    ],
    [
      'http://a:99999',
      'http://a:99999 is no URL; allowed: http://host or https://host, with port, path and query where needed',
    ],
    ['http://a:0', 'http://a:0 has port 0; allowed: 1 to 65535'],
    [
      'http://a%20b',
      'http://*** is no URL; allowed: http://host or https://host, with port, path and query where needed',
    ],
    [
      "http://a'b",
      'http://*** has a host that is no name and no address; allowed: letters, digits, ".", "_" and "-", or an IP address',
    ],
    [
      'http://%zz:x@a',
      'http://a has a user-info with a stray %; allowed: %25 for a % in a user name or password',
    ],
    [
      'http://x:100%@a',
      'http://a has a user-info with a stray %; allowed: %25 for a % in a user name or password',
    ],
    [
      'http://a http://b',
      'http://a is followed by another URL; allowed: a comma between two URLs; in a JSON list, a text for each URL',
    ],
    ['http://a KEY', 'http://a is followed by a word that is no option; allowed: OPTIONS=…'],
    ['http://a rps:5', 'http://a is followed by a word that is no option (rps=…?); allowed: OPTIONS=…'],
    [
      'http://a account=a KEY',
      'http://a is followed by a word that is no option after account=…; allowed: values without spaces, and OPTIONS=…',
    ],
    [
      '[{"url":"http://a/KEY"}]',
      '*** is JSON; allowed: URLs separated by commas, each followed by its options, separated by spaces',
    ],
    ['http://a wieght=3', 'http://a has an unknown option "wieght" (weight?); allowed: OPTIONS'],
    [
      'http://a host=other.test',
      'http://a has host=other.test, which is not allowed; allowed: the word keep',
    ],
    ['http://a host=', 'http://a has host= without a value; allowed: the word keep'],
    ['http://a acount=KEY', 'http://a has an unknown option "acount" (account?); allowed: OPTIONS'],
    ['http://a rpm=3', 'http://a has an unknown option "rpm" (rps?); allowed: OPTIONS'],
    [
      'http://a account=a/b',
      'http://a has account=a/b, which is not allowed; allowed: up to 64 letters, digits, ".", "_" and "-"',
    ],
    [`http://a account=${'a'.repeat(65)}`, 'http://a has an account of 65 characters; allowed: up to 64'],
    ...[
      ...['0', '-5', '5/s', '5r/s', '50rps', '100/min', '1e3', '0.0001', '1.5.', 'unlimited', 'Infinity'],
      ...['1000001', '10%', '5=5'],
    ].map((value) => [
      `http://a rps=${value}`,
      `http://a has rps=${value}, which is not allowed; allowed: a number of calls a second from 0.001 to 1000000, with up to 3 decimals`,
    ]),
    ...['K3Y', 'k3y', 'https://x', 'me@x', 'é', 'a'.repeat(21)].map((value) => [
      `http://a rps=${value}`,
      'http://a has rps=***, which is not allowed; allowed: a number of calls a second from 0.001 to 1000000, with up to 3 decimals',
    ]),
    ['http://a K3Y==', 'http://a has an unknown option; allowed: OPTIONS'],
    [
      'http://a name=',
      'http://a has name= without a value; allowed: letters, digits, ".", "_" and "-", at least one letter or digit',
    ],
    [
      'http://a name=a:b',
      'http://a has name=a:b, which is not allowed; allowed: letters, digits, ".", "_" and "-", at least one letter or digit',
    ],
    [
      'http://a name=..',
      'http://a has name=.., which is not allowed; allowed: letters, digits, ".", "_" and "-", at least one letter or digit',
    ],
    [
      'http://a weight=0',
      'http://a has weight=0, which is not allowed; allowed: a whole number from 1 to 1000',
    ],
    [
      'http://a weight=1001',
      'http://a has weight=1001, which is not allowed; allowed: a whole number from 1 to 1000',
    ],
    [
      'http://a weight=1.5',
      'http://a has weight=1.5, which is not allowed; allowed: a whole number from 1 to 1000',
    ],
    [
      'http://a weight=K3Y',
      'http://a has weight=***, which is not allowed; allowed: a whole number from 1 to 1000',
    ],
    ['http://a weight=1 weight=2', 'http://a has the option weight twice; allowed: once'],
  ])('%j is refused', (text, problem) => {
    const all = problem
      .replace('OPTIONS=…', OPTION_NAMES.map((name) => `${name}=…`).join(', '))
      .replace('OPTIONS', OPTION_NAMES.join(', '));
    expect(problemsIn(`https://good.example, ${text}`)).toEqual([`RPC_URLS (environment) entry 2: ${all}`]);
  });

  it.each([
    ['rps=5', 'rps', 'rps'],
    ['name=K3Y weight=2', 'name', 'name'],
    ['header=x-key:k3y', 'header', 'header'],
    ['wieght=3', 'wieght', 'weight'],
    ['Name=k3y', 'Name', 'name'],
  ])('that is an option after a comma is refused with the way to write it: %s', (text, given, name) => {
    const problem = (where: string) =>
      `${where} entry 2: ${given}=… is no URL but an option; allowed: a space between a URL and its options (URL ${name}=…), a comma between two upstreams only, %2C for one in a URL`;
    expect(problemsIn(`http://a, ${text}`)).toEqual([problem('RPC_URLS (environment)')]);
    expect(problemsIn(`http://a/?x=1,${text}`)).toEqual([problem('RPC_URLS (environment)')]);
    expect(problemsIn('http://b', `http://a,${text}`)).toEqual([problem('FALLBACK_RPC_URLS (environment)')]);
    expect(problemsOf({ argv: [`--backends=http://a, ${text}`] })).toEqual([
      problem('RPC_URLS (flag --backends)'),
    ]);
    const servers = { servers: ['http://a', text] };
    expect(problemsOf({ argv: ['--config=c'], files: { c: JSON.stringify(servers) } })).toEqual([
      problem('RPC_URLS (key "servers" of c)'),
    ]);
  });

  it('in a JSON list has no comma between a URL and its options', () => {
    const problemsInList = (text: string) =>
      problemsOf({ argv: ['--config=c'], files: { c: JSON.stringify({ servers: [text] }) } });
    for (const text of [
      'http://a, rps=5',
      'http://a/KEY,\tname=a',
      'http://a name=a, weight=2',
      'http://a, http://b',
    ]) {
      expect(problemsInList(text)).toEqual([
        'RPC_URLS (key "servers" of c): entry 1 has a comma before a space; allowed: a text for each URL, with spaces between it and its options',
      ]);
    }
    expect(problemsInList('http://a/x,')).toEqual([]);
  });

  it('alone has options', () => {
    const files = { c: '{"servers": ["http://a"], "rps": 5}' };
    expect(problemsOf({ argv: ['--config=c'], files })).toEqual([
      'key "rps" of c: unknown key; allowed: the settings in camelCase; rps is an option of an upstream: URL rps=…',
    ]);
  });

  it('of an account may have no other ceiling than the others', () => {
    expect(problemsIn('http://a account=x rps=5, http://b account=x, http://c account=x rps=6')).toEqual([
      'RPC_URLS (environment) entry 3: http://c has rps=6, and another upstream with account=x rps=5; allowed: the same rps, or one of them without it',
    ]);
    expect(
      problemsIn('http://a account=x rps=5, http://b account=x rps=5.0, http://c account=y rps=6'),
    ).toEqual([]);
  });

  it('with a fragment is refused with the reason', () => {
    expect(problemsIn('http://a/#')).toEqual([expect.stringContaining('a # begins a comment in env files')]);
  });

  it('may hold user-info with percent-encoding', () => {
    expect(upstreamsOf('http://me:p%40ss@a')[0]?.url.password).toBe('p%40ss');
  });
});

describe('names', () => {
  it.each([
    ['https://eth.example/KEY', 'eth.example'],
    ['https://ETH.example:443', 'eth.example'],
    ['http://localhost:5001/a', 'localhost:5001'],
    ['http://127.0.0.1:8545', '127.0.0.1:8545'],
    ['http://[2001:db8::1]', '[2001:db8::1]'],
    ['http://[::1]:8545', '[::1]:8545'],
    ['http://[2001:db8::]', '[2001:db8::]'],
  ])('of %s default to %s', (url, name) => {
    expect(namesIn(url)).toEqual([name]);
  });

  it('that repeat get -2 and -3, across both lists', () => {
    expect(namesIn('http://a/1, http://a/2, http://b', 'http://a/3')).toEqual(['a', 'a-2', 'b', 'a-3']);
  });

  it('that are made give way to those that are given', () => {
    expect(namesIn('http://a/1, http://a/2', 'http://b name=a, http://c name=a-2')).toEqual([
      'a-3',
      'a-4',
      'a',
      'a-2',
    ]);
  });

  it('that could have been made of the URL can be given, as kept lists give them', () => {
    const given = ['http://a:1 name=a:1', 'http://b:1 name=b:1-2', 'http://[::1]:8545/x name=[::1]:8545-12'];
    expect(namesIn(given.join())).toEqual(['a:1', 'b:1-2', '[::1]:8545-12']);
    const host = `${'a'.repeat(60)}.example:8545`;
    const cut = `${host.slice(0, 61)}-10`;
    expect(namesIn(`http://${host} name=${cut}, http://${host}/2 name=${host.slice(0, 64)}`)).toEqual([
      cut,
      host.slice(0, 64),
    ]);
  });

  it.each(['a:2', 'a:1-1', 'a:1-02', 'a:1-x', 'b:1', 'a:', ':1', '[::1]', 'a:1-12345'])(
    'that are made of no such URL can not: %s',
    (name) => {
      expect(problemsIn(`http://a:1 name=${name}`)).toEqual([
        expect.stringContaining(`http://a:1 has name=${name}, which is not allowed`),
      ]);
    },
  );

  it('can not be given twice', () => {
    expect(problemsIn('http://a name=x', 'http://b name=y, http://c name=x')).toEqual([
      'FALLBACK_RPC_URLS (environment) entry 2: http://c has the name "x" as RPC_URLS (environment) entry 1 has; allowed: each name once',
    ]);
  });
});

describe('the same URL twice', () => {
  it.each([
    ['http://a, http://b, http://a', 'none', 'RPC_URLS (environment) entry 3'],
    ['http://a', 'http://a/', 'FALLBACK_RPC_URLS (environment) entry 1'],
    ['http://a/x', 'http://A:80/x name=other', 'FALLBACK_RPC_URLS (environment) entry 1'],
  ])('is a problem: %s and %s', (primaries, fallbacks, where) => {
    expect(problemsIn(primaries, fallbacks)).toEqual([
      `${where}: http://a is the same URL as RPC_URLS (environment) entry 1; allowed: each URL once`,
    ]);
  });

  it('is another one with another query or user', () => {
    expect(upstreamsOf('http://a/?k=1, http://a/?k=2, http://u@a/?k=1')).toHaveLength(3);
  });
});

describe('at most', () => {
  it('64 characters make a name, a made one is cut', () => {
    const long = 'x'.repeat(64);
    expect(namesIn(`http://a name=${long}`)).toEqual([long]);
    expect(problemsIn(`http://a name=${long}x`)).toEqual([
      expect.stringContaining('http://a has a name of 65 characters; allowed: up to 64'),
    ]);
    const host = `${'a'.repeat(60)}.example`;
    expect(namesIn(`http://${host}, http://${host}/2`)).toEqual([
      host.slice(0, 64),
      `${host.slice(0, 62)}-2`,
    ]);
  });

  it('4096 characters make a URL', () => {
    const url = (length: number) => `http://a/${'x'.repeat(length - 9)}`;
    expect(upstreamsOf(url(4_096))).toHaveLength(1);
    expect(problemsIn(url(4_097))).toEqual([
      expect.stringContaining('http://a has more than 4096 characters; allowed: up to 4096'),
    ]);
  });
});
