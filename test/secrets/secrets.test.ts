// A secret wherever one can be, all that the daemon does, and all that comes out of it: none of them may be found there.
import { beforeAll, describe, expect, it } from 'vitest';
import { SecretSearch } from '../support/secret-search.ts';
import { type Driven, drive, driveCommands } from './drive.ts';
import { leaksIn, type Seen, UPSTREAM_SECRETS } from './marked.ts';

/** The other levels and formats have their turn in secrets.slow.test.ts. */
const DRIVES = [
  { level: 'trace', format: 'json', end: 'error' },
  { level: 'info', format: 'pretty', end: 'text' },
] as const;

let driven: readonly Driven[] = [];
let printed: readonly Seen[] = [];

beforeAll(async () => {
  [driven, printed] = await Promise.all([Promise.all(DRIVES.map(drive)), driveCommands()]);
});

describe('no secret shows', () => {
  it.each(DRIVES.map((how, index) => [`${how.level}, ${how.format}`, index] as const))(
    'whatever the daemon does, and when it crashes: %s',
    (_, index) => {
      expect(leaksIn(driven[index]?.seen ?? [])).toEqual([]);
      expect(driven[index]?.exitCode).toBe(1);
    },
  );

  it('in what the commands print, and in the problems of settings', () => {
    expect(printed.map(({ text }) => text.length > 50)).toEqual(Array.from(printed, () => true));
    expect(leaksIn(printed)).toEqual([]);
  });
});

describe('the drive', () => {
  it('has used the secrets of each upstream that can be reached', () => {
    const sent = driven[0]?.seen.filter(({ place }) => place === 'request').map(({ text }) => text) ?? [];
    const found = new SecretSearch(UPSTREAM_SECRETS).leaksIn(sent.join('\n')).map(({ name }) => name);
    const unreached = /no host|no TLS|refused|added/;
    const used = UPSTREAM_SECRETS.map(({ name }) => name).filter((name) => !unreached.test(name));
    expect(found.filter((name) => !unreached.test(name)).sort()).toEqual(used.sort());
  });

  it('has told Redis what it has found', () => {
    const sent = driven[0]?.seen.find(({ place }) => place === 'redis')?.text ?? '';
    for (const what of ['PUBLISH', 'out ', '"reason"']) expect(sent).toContain(what);
  });

  it('has got answers of all kinds', () => {
    for (const { statuses } of driven)
      for (const status of [200, 302, 400, 401, 404, 405, 410, 414, 429, 502, 503, 504])
        expect([status, statuses.has(status)]).toEqual([status, true]);
  });

  it.each([
    ...['Listening', 'Request', 'Attempt', 'Tunnel opened', 'Quarantined', 'Status change', 'Alert'],
    ...['Added', 'Strategy changed', 'Settings reloaded', 'Not reloaded', 'Admin call refused'],
    ...['Node.js: Warning', 'Uncaught error'],
  ])('has made the log tell of %s', (msg) => {
    expect(driven[0]?.log).toContain(`"msg":"${msg}`);
  });
});
