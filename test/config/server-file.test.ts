// The file of PERSIST_SERVERS, and upstreams as JSON objects.
import { describe, expect, it } from 'vitest';
import { maskedSettings } from '../../src/config/masked-settings.ts';
import { readServerEntry, toServerEntry } from '../../src/config/upstreams/server-entry.ts';
import { serverFileText } from '../../src/config/upstreams/server-file.ts';
import { UPSTREAM_OPTIONS } from '../../src/config/upstreams/upstream-options.ts';
import { Authority } from '../support/certificates.ts';
import { configOf, LISTS, load, problemsOf } from './loading.ts';

const env = { ...LISTS, PERSIST_SERVERS: 'lists.json' };
const problemsWithFile = (content: string | Buffer | null) =>
  problemsOf({ env, files: { 'lists.json': content } });
const listing = (...servers: unknown[]) => JSON.stringify({ version: 1, servers });

describe('the file that keeps the lists', () => {
  it('stands for the lists of the settings once it is there, and says so', () => {
    const file = listing(
      { url: 'https://f.example', tier: 'fallback', draining: true },
      { url: 'https://user:HUSH@p.example/HUSH?HUSH', name: 'p', tier: 'primary', weight: 7 },
    );
    const result = load({ env, files: { 'lists.json': file } });
    if (!result.ok) throw new Error(result.problems.join());
    expect(result.config.areListsPersisted).toBe(true);
    expect(result.config.upstreams).toMatchObject([
      { name: 'p', tier: 'primary', weight: 7 },
      { name: 'f.example', tier: 'fallback', weight: 1, draining: true },
    ]);
    const rows = maskedSettings(result.config, result.sources);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['RPC_URLS', 'https://p.example name=p weight=7', expect.stringMatching(/lists\.json$/)],
        [
          'FALLBACK_RPC_URLS',
          'https://f.example name=f.example weight=1 (draining)',
          expect.stringMatching(/lists\.json$/),
        ],
      ]),
    );
    expect(JSON.stringify(rows)).not.toContain('HUSH');
  });

  it('need not be there', () => {
    const { areListsPersisted, persistServers, upstreams } = configOf({ env });
    expect(areListsPersisted).toBe(false);
    expect(persistServers).toMatch(/^\/.*\/lists\.json$/);
    expect(upstreams.map(({ name }) => name)).toEqual(['one.example']);
  });

  it('gives back what was written: names, tiers, weights, and all options', () => {
    const given = configOf({
      env: {
        RPC_URLS: 'https://u:p%40@a/k%20ey/?q=1 name=A weight=9 host=keep ca=ca.pem, https://b insecure=true',
        FALLBACK_RPC_URLS: 'http://[::1]:8545',
      },
      files: { 'ca.pem': new Authority().cert },
    }).upstreams;
    const [first, ...others] = given;
    if (!first) throw new Error('no upstream');
    const changed = [{ ...first, draining: true as const }, ...others];
    const { pem = '' } = first.ca ?? {};
    const again = configOf({ env, files: { 'lists.json': serverFileText(changed), 'ca.pem': pem } });
    expect(again.upstreams).toEqual(changed);
    expect(again.upstreams.map(toServerEntry)).toEqual(changed.map(toServerEntry));
  });

  it.each<[string, string | Buffer | null, RegExp]>([
    ['is empty', '', /is no valid JSON/],
    ['is cut', listing({ url: 'https://a' }).slice(0, -3), /is no valid JSON/],
    ['is no UTF-8', Buffer.from([0xff, 0xfe]), /it is not UTF-8 text/],
    ['is a folder', null, /it is no file/],
    ['is something else', '[1]', /holds no lists/],
    ['is null', 'null', /holds no lists/],
    ['is of a later version', '{"version":2,"servers":[]}', /is of another version/],
    ['has no upstream', listing(), /names no upstream/],
    ['has an entry that is none', listing('https://a'), /entry 1: it is no object/],
    ['has an unknown key', listing({ url: 'https://a', wieght: 1 }), /unknown key "wieght" \(weight\?\)/],
    ['has a wrong URL', listing({ url: 'ftp://a/HUSH' }), /entry 1: ftp:\/\/a is no URL/],
    ['has a URL with a blank', listing({ url: 'https://a/HUSH weight=2' }), /entry 1: "url" is no URL/],
    ['has one URL twice', listing({ url: 'https://a' }, { url: 'https://a' }), /entry 2: .* same URL/],
    ['has a weight of 0', listing({ url: 'https://a', weight: 0 }), /weight=0, which is not allowed/],
  ])('that %s is a problem that names it', (_, content, problem) => {
    const problems = problemsWithFile(content);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^PERSIST_SERVERS \(environment\): "lists\.json"/);
    expect(problems[0]).toMatch(problem);
    expect(problems[0]).toMatch(/; allowed: /);
    expect(problems[0]).not.toContain('HUSH');
  });

  it('in a folder that is none is a problem before anything listens', () => {
    const given = { env: { ...LISTS, PERSIST_SERVERS: 'x/lists.json' } };
    expect(problemsOf(given)).toEqual([
      'PERSIST_SERVERS (environment): "x/lists.json" can\'t be written: there is no such folder; allowed: a file in a folder that may be written to',
    ]);
    expect(problemsOf({ ...given, files: { x: 'a file' } })).toHaveLength(1);
  });
});

describe('an upstream as a JSON object', () => {
  it('has a key for each option of the lists', () => {
    const read = readServerEntry({ url: 'https://a', colour: 1 }, 'here');
    for (const { name } of UPSTREAM_OPTIONS) expect(read).toMatch(new RegExp(`allowed: .*\\b${name}\\b`));
  });

  it('becomes an entry of a list', () => {
    const body = {
      url: 'https://a/k',
      name: 'n',
      tier: 'fallback',
      weight: 2,
      host: 'keep',
      insecure: false,
    };
    expect(readServerEntry(body, 'here')).toEqual({
      text: 'https://a/k name=n weight=2 host=keep insecure=false',
      tier: 'fallback',
      where: 'here',
    });
  });

  it.each<[unknown, string]>([
    [undefined, 'it is no object'],
    [null, 'it is no object'],
    [[], 'it is no object'],
    ['https://a', 'it is no object'],
    [{}, '"url" is no URL'],
    [{ url: 1 }, '"url" is no URL'],
    [{ url: '' }, '"url" is no URL'],
    [{ url: 'https://a name=b' }, '"url" is no URL'],
    [{ url: 'https://a\u00a0name=b' }, '"url" is no URL'],
    [{ url: 'https://a', tier: 'Primary' }, '"tier": "Primary" is not allowed'],
    [{ url: 'https://a', tier: 1 }, '"tier": 1 is not allowed'],
    [
      { url: 'https://a', weight: '3' },
      '"weight": "3" is not allowed as a text; allowed: a whole number from 1 to 1000, without quotes',
    ],
    [
      { url: 'https://a', rps: '5/s' },
      '"rps": "5/s" is not allowed as a text; allowed: a number of calls a second from 0.001 to 1000000, with up to 3 decimals, without quotes',
    ],
    [{ url: 'https://a', weight: null }, '"weight": null is not allowed'],
    [{ url: 'https://a', name: 'a weight=2' }, '"name": "a weight=2" is not allowed'],
    [{ url: 'https://a', name: '' }, '"name": "" is not allowed'],
    [{ url: 'https://a', name: ['b'] }, '"name": a list is not allowed'],
    [{ url: 'https://a', name: 'HUSH x' }, '"name": "***" is not allowed'],
    [{ url: 'https://a', account: {} }, '"account": an object is not allowed'],
    [{ url: 'https://a', header: 'X-Key:hush x' }, '"header": *** is not allowed'],
    [{ url: 'https://a', header: [1] }, '"header": *** is not allowed'],
    [{ url: 'https://a', draining: 'true' }, '"draining": "true" is not allowed'],
    [{ url: 'https://a', insecure: 1 }, '"insecure": 1 is not allowed'],
    [{ url: 'https://a', colour: 1 }, 'it has an unknown key "colour"'],
    [{ url: 'https://a', 'https://b/HUSH': 1 }, 'it has an unknown key;'],
    [JSON.parse('{"url":"https://a","__proto__":{"weight":2}}'), 'it has an unknown key;'],
  ])('is refused when it is %j', (body, problem) => {
    const read = readServerEntry(body, 'here');
    expect(read).toContain(`here: ${problem}`);
    expect(read).toContain('; allowed: ');
    expect(read).not.toMatch(/HUSH/i);
  });
});
