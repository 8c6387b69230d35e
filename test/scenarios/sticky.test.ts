// Each client's calls stay with one upstream, through the running program.
import { Agent } from 'node:http';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AdminClient } from '../support/admin-client.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { type Behaviour, refuseRate } from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { answerEach, callsIn, errorMember } from '../support/rpc-script.ts';
import { askForWebSocket, switchProtocol, TunnelClient } from '../support/tunnel-client.ts';

const CLIENTS = Array.from({ length: 24 }, (_, i) => `198.51.100.${i}`);
const BLOCK = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}';
const call = (id: number) => `{"jsonrpc":"2.0","id":${id},"method":"eth_call"}`;
const batchOf = (calls: number) => `[${Array.from({ length: calls }, (_, i) => call(i)).join()}]`;
const CHANGES = '{"jsonrpc":"2.0","id":1,"method":"eth_getFilterChanges","params":["0xf1"]}';

/** Makes one filter, takes two calls in a batch, and answers the rest with its label. */
function node(label: string): Behaviour {
  const good = answerEach(({ method }) => `"result":"${method === 'eth_newFilter' ? '0xf1' : label}"`);
  const refusal = answerEach(() => errorMember(-32_600, 'Batch of more than 2 requests are not allowed'));
  const upgrade = switchProtocol();
  return {
    at: 'body',
    run(socket, request) {
      const isLarge = request.method === 'POST' && callsIn(request.body).length > 2;
      const behaviour = request.header('upgrade') ? upgrade : isLarge ? refusal : good;
      if (behaviour.at !== 'connect') behaviour.run(socket, request);
    },
  };
}

const agent = new Agent({ keepAlive: true });
let primaries: FakeUpstream[];
let fallbacks: FakeUpstream[];
let app: RunningApp;
let clock: ManualClock;
let admin: AdminClient;

const byLabel = (label: string) => {
  const found = [...primaries, ...fallbacks].find((each) => each.label === label);
  if (!found) throw new Error(`no upstream ${label}`);
  return found;
};
const listed = (upstreams: readonly FakeUpstream[], options = '') =>
  upstreams.map(({ url, label }) => `${url} name=${label}${options}`);

/** Who answers a client; `url` is another daemon's. */
async function ask(client: string, body = BLOCK, url = app.url, key = ''): Promise<string> {
  const lines = { 'X-Forwarded-For': client, ...(key && { 'X-API-Key': key }) };
  const { status, headers } = await http(url, { method: 'POST', body, headers: lines, agent });
  expect(status).toBe(200);
  return `${headers['x-forwarded-server']}`;
}

/** Who answers each client. */
async function ownOfAll(url = app.url): Promise<Map<string, string>> {
  const own = new Map<string, string>();
  for (const client of CLIENTS) own.set(client, await ask(client, BLOCK, url));
  return own;
}

const FLAGS = ['--sticky=address', '--trust-proxy=loopback'];

beforeAll(async () => {
  primaries = await Promise.all(['A', 'B', 'C', 'D'].map((label) => FakeUpstream.start(label)));
  fallbacks = await Promise.all(['e', 'f'].map((label) => FakeUpstream.start(label)));
  clock = new ManualClock();
  app = await startApp({
    primaries: listed(primaries),
    fallbacks: listed(fallbacks),
    // What a limit leaves room for is another matter, below.
    flags: [...FLAGS, '--admin-port=0', '--pacing=off'],
    clock,
  });
  admin = new AdminClient(app.adminUrl);
  releaseAfterwards(() => agent.destroy());
});

beforeEach(() => {
  // What an earlier test did to the upstreams is over.
  clock.advance(400_000);
  for (const each of [...primaries, ...fallbacks]) {
    each.reset();
    each.use(node(each.label));
  }
});

describe('all calls of a client', () => {
  it('go to its upstream: single calls, batches and their pieces, and WebSockets', async () => {
    const own = await ownOfAll();
    expect(new Set(own.values()).size).toBeGreaterThan(1);
    for (const [client, name] of own) {
      expect([await ask(client), await ask(client, batchOf(2))]).toEqual([name, name]);
      const tunnel = await TunnelClient.open(app.port, askForWebSocket('/', [`X-Forwarded-For: ${client}`]));
      tunnel.end();
      expect(byLabel(name).requests.at(-1)?.header('upgrade')).toBe('websocket');
    }
    // Refused for its size by all that are asked, then in pieces.
    await ask('198.51.100.1', batchOf(6));
    for (const each of primaries) each.requests.length = 0;
    await ask('198.51.100.1', batchOf(6));
    const pieces = primaries.map(({ label, requests }) => `${label}${requests.length}`);
    expect(pieces).toContain(`${own.get('198.51.100.1')}3`);
    expect(pieces.filter((each) => each.endsWith('0'))).toHaveLength(3);
  });

  it('go where all of its network go, with IPv6', async () => {
    for (let net = 0; net < 8; net += 1)
      expect(await ask(`2001:db8:0:${net}::1`)).toBe(await ask(`2001:db8:0:${net}:ffff:1:2:3`));
  });

  it('go to the node that made a filter, whosever it is', async () => {
    const own = await ownOfAll();
    const [maker = '', home = ''] = [...own][0] ?? [];
    expect(await ask(maker, '{"jsonrpc":"2.0","id":1,"method":"eth_newFilter","params":[{}]}')).toBe(home);
    for (const client of CLIENTS.slice(0, 8)) expect(await ask(client, CHANGES)).toBe(home);
    expect(await ownOfAll()).toEqual(own);
  });

  it('go to the same one from every replica, whatever it calls the upstreams and in which order', async () => {
    const renamed = primaries.map(({ url, label }) => `${url} name=other-${label}`).reverse();
    const replica = await startApp({ primaries: renamed, flags: FLAGS });
    const there = await ownOfAll(replica.url);
    expect([...there].map(([client, name]) => [client, name.replace('other-', '')])).toEqual([
      ...(await ownOfAll()),
    ]);
  });
});

describe('when its upstream is not well', () => {
  it.each<[string, (gone: FakeUpstream) => Promise<unknown>, (back: FakeUpstream) => Promise<unknown>]>([
    [
      'dies',
      (gone) => gone.close(),
      async (back) => {
        await back.listenAgain();
        clock.advance(60_000);
      },
    ],
    [
      'asks for a rest',
      async (gone) => gone.use(refuseRate('5')),
      async (back) => {
        back.use(node(back.label));
        clock.advance(6_000);
      },
    ],
    [
      'drains',
      ({ label }) => admin.patch(`/servers/${label}`, { draining: true }),
      ({ label }) => admin.patch(`/servers/${label}`, { draining: false }),
    ],
  ])('that %s, only its clients move, and they come back', async (_, leave, comeBack) => {
    const before = await ownOfAll();
    const [name = ''] = before.values();
    const gone = byLabel(name);
    await leave(gone);
    const [during, again] = [await ownOfAll(), await ownOfAll()];
    expect(again).toEqual(during);
    const moved = CLIENTS.filter((client) => during.get(client) !== before.get(client));
    expect(moved).toEqual(CLIENTS.filter((client) => before.get(client) === name));
    await comeBack(gone);
    expect(await ownOfAll()).toEqual(before);
  });

  it('nor any other primary, they stay with one of the fallbacks', async () => {
    for (const each of primaries) each.use(refuseRate('60'));
    const [during, again] = [await ownOfAll(), await ownOfAll()];
    expect(again).toEqual(during);
    expect(new Set(during.values())).toEqual(new Set(['e', 'f']));
  });
});

it('a client whose upstream has no room at the moment goes to its next one', async () => {
  const limited = await startApp({
    primaries: listed(primaries, ' rps=1'),
    flags: FLAGS,
    clock: new ManualClock(),
  });
  const [client = ''] = CLIENTS;
  const names = [];
  for (let i = 0; i < 4; i += 1) names.push(await ask(client, BLOCK, limited.url));
  expect(new Set(names).size).toBe(4);
  expect(names[0]).toBe(await ask(client));
});

it('a client with a key stays with one, from whatever address', async () => {
  const keys = Array.from({ length: 12 }, (_, i) => `key-number-${i}-of-some-length-${'x'.repeat(16)}`);
  const keyed = await startApp({
    primaries: listed(primaries),
    flags: [
      '--sticky=key',
      '--trust-proxy=loopback',
      `--api-keys=${keys.map((key, i) => `client-${i}:${key}`).join()}`,
    ],
    clock: new ManualClock(),
  });
  const own = new Set<string>();
  for (const key of keys) {
    const names = new Set<string>();
    for (const client of CLIENTS.slice(0, 6)) names.add(await ask(client, BLOCK, keyed.url, key));
    expect(names.size).toBe(1);
    for (const name of names) own.add(name);
  }
  expect(own.size).toBeGreaterThan(1);
});

it('in a process of its own: clients of several addresses, one upstream that dies and comes back', async () => {
  const daemon = await startBalancer({
    primaries: listed(primaries),
    env: { STICKY: 'address', ERROR_TIME_TO_LIVE_MINUTES: '0.005' },
  });
  const agents = Array.from({ length: 12 }, (_, i) => new Agent({ localAddress: `127.0.0.${i + 2}` }));
  const all = () =>
    Promise.all(
      agents.map(async (from) => {
        const { status, headers } = await http(daemon.url, { method: 'POST', body: BLOCK, agent: from });
        expect(status).toBe(200);
        return `${headers['x-forwarded-server']}`;
      }),
    );
  const before = await all();
  const [dead = ''] = before;
  await byLabel(dead).close();
  const during = await all();
  expect(during.map((name, i) => name === before[i])).toEqual(before.map((name) => name !== dead));
  expect(await all()).toEqual(during);
  await byLabel(dead).listenAgain();
  await daemon.allUsable();
  expect(await all()).toEqual(before);
});
