// Where names are looked up: real questions to a nameserver on loopback.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createLookUp } from '../../src/network/look-up.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { Nameserver, type Said } from '../support/nameserver.ts';
import { until, within } from '../support/waiting.ts';

interface SetUp {
  readonly names?: Readonly<Record<string, Said>>;
  readonly hosts?: string;
  readonly resolvConf?: string;
  readonly system?: (name: string) => Promise<readonly string[]>;
}

const NOBODY = () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }));

async function setUp({ names = {}, hosts = '', resolvConf = '', system = NOBODY }: SetUp) {
  const folder = mkdtempSync(join(tmpdir(), 'names-'));
  releaseAfterwards(() => rmSync(folder, { recursive: true }));
  const files = { hostsFile: join(folder, 'hosts'), resolvConf: join(folder, 'resolv.conf') };
  writeFileSync(files.hostsFile, hosts);
  writeFileSync(files.resolvConf, resolvConf);
  const nameserver = await Nameserver.start(names);
  const systemAsked: string[] = [];
  const lookUp = createLookUp({
    ...files,
    clock: systemClock,
    nameservers: [nameserver.address],
    system: (name) => {
      systemAsked.push(name);
      return system(name);
    },
  });
  const end = new AbortController();
  const find = (name: string) => within(lookUp(name, end.signal), 5_000, `the addresses of ${name}`);
  return { find, nameserver, systemAsked, end, files };
}

describe('DNS', () => {
  it('gives the addresses of both families, for the shortest of their times', async () => {
    const { find } = await setUp({
      names: {
        'both.test': { a: ['127.0.0.1', '127.0.0.2'], aaaa: ['::1'], ttl: 7 },
        'four.test': { a: ['127.0.0.3'], ttl: 0 },
        'six.test': { aaaa: ['2001:db8::7'] },
      },
    });
    expect(await find('Both.test')).toEqual({ addresses: ['::1', '127.0.0.1', '127.0.0.2'], ttlMs: 7_000 });
    expect(await find('four.test.')).toEqual({ addresses: ['127.0.0.3'], ttlMs: 0 });
    expect(await find('six.test')).toEqual({ addresses: ['2001:db8::7'], ttlMs: 60_000 });
  });

  it('that knows no such name leaves it to the C library', async () => {
    const { find, systemAsked } = await setUp({
      names: { 'empty.test': {} },
      system: async (name) => (name === 'printer.local' ? ['127.0.0.9'] : NOBODY()),
    });
    expect(await find('printer.local')).toMatchObject({ addresses: ['127.0.0.9'] });
    await expect(find('nobody.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(find('empty.test')).rejects.toMatchObject({ code: 'ENODATA' });
    expect(systemAsked).toEqual(['printer.local', 'nobody.test', 'empty.test']);
  });

  it('that fails, or is silent, does not send the C library into the same trap', async () => {
    const { find, systemAsked, end, nameserver } = await setUp({
      names: { 'broken.test': 'servfail', 'stuck.test': 'silence', 'well.test': { a: ['127.0.0.1'] } },
    });
    await expect(find('broken.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    const stuck = find('stuck.test');
    await until(() => nameserver.questions.includes('stuck.test/A'), 'the question');
    expect(await find('well.test')).toMatchObject({ addresses: ['127.0.0.1'] });
    end.abort();
    await expect(stuck).rejects.toMatchObject({ code: 'ECANCELLED' });
    expect(systemAsked).toEqual([]);
  });

  it('completes short names as resolv.conf says', async () => {
    const { find, nameserver } = await setUp({
      resolvConf: 'nameserver 127.0.0.1\nsearch ns.svc.test svc.test.\noptions timeout:1 ndots:2\n',
      names: {
        'node.svc.test': { a: ['127.0.0.4'] },
        'a.b.test': { a: ['127.0.0.5'] },
        backend: { a: ['127.0.0.6'] },
      },
    });
    const asked = () => nameserver.questions.splice(0).filter((question) => question.endsWith('/A'));
    expect(await find('node')).toMatchObject({ addresses: ['127.0.0.4'] });
    expect(asked()).toEqual(['node.ns.svc.test/A', 'node.svc.test/A']);
    expect(await find('a.b.test')).toMatchObject({ addresses: ['127.0.0.5'] });
    expect(asked()).toEqual(['a.b.test/A']);
    expect(await find('backend')).toMatchObject({ addresses: ['127.0.0.6'] });
    expect(asked()).toEqual(['backend.ns.svc.test/A', 'backend.svc.test/A', 'backend/A']);
    await expect(find('nobody.')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(asked()).toEqual(['nobody/A']);
  });
});

it('the hosts file comes first, and is read again when it has changed', async () => {
  const { find, files, nameserver } = await setUp({
    hosts:
      '# names\n127.0.0.1 localhost\n127.0.0.7 Node.test alias # mine\n::1 node.test\nnonsense node.test\n',
    names: { 'node.test': { a: ['127.0.0.1'] } },
  });
  expect(await find('node.test')).toMatchObject({ addresses: ['127.0.0.7', '::1'] });
  expect(await find('ALIAS.')).toMatchObject({ addresses: ['127.0.0.7'] });
  writeFileSync(files.hostsFile, '127.0.0.88 node.test\n');
  expect(await find('node.test')).toMatchObject({ addresses: ['127.0.0.88'] });
  rmSync(files.hostsFile);
  expect(await find('node.test')).toMatchObject({ addresses: ['127.0.0.1'] });
  writeFileSync(files.hostsFile, '');
  expect(nameserver.questions).toHaveLength(2);
});

it('nobody is asked for localhost and what is below it, nor for what never exists', async () => {
  const { find, nameserver, systemAsked } = await setUp({});
  for (const name of ['localhost', 'app.LOCALHOST', 'localhost.'])
    expect(await find(name)).toMatchObject({ addresses: ['127.0.0.1', '::1'] });
  await expect(find('no-such-host.invalid')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect([nameserver.questions, systemAsked]).toEqual([[], []]);
});

it('the C library is asked for two names at a time, and once for each', async () => {
  const answers = new Map<string, (addresses: string[]) => void>();
  const { find, systemAsked } = await setUp({
    system: (name) => new Promise((resolve) => answers.set(name, resolve)),
  });
  const all = ['a.local', 'a.local', 'b.local', 'c.local'].map(find);
  await until(() => answers.size === 2, 'two questions');
  expect(systemAsked).toEqual(['a.local', 'b.local']);
  answers.get('b.local')?.(['127.0.0.2']);
  await until(() => answers.size === 3, 'the third question');
  answers.get('a.local')?.(['127.0.0.1']);
  answers.get('c.local')?.(['127.0.0.3']);
  const found = await Promise.all(all);
  expect(found.map(({ addresses }) => addresses[0])).toEqual([
    '127.0.0.1',
    '127.0.0.1',
    '127.0.0.2',
    '127.0.0.3',
  ]);
  expect(systemAsked).toEqual(['a.local', 'b.local', 'c.local']);
});
