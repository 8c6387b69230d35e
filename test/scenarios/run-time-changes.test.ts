// Operators change a daemon that runs, and its clients don't notice.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AdminClient } from '../support/admin-client.ts';
import { answer, answerByLabel, delayed, resetAfterRequest } from '../support/behaviours.ts';
import { type Daemon, runDaemon, type StatsRow, startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { http, rpc } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { type LoadReport, load } from '../support/load.ts';
import { switchProtocol, TunnelClient } from '../support/tunnel-client.ts';
import { until } from '../support/waiting.ts';

const TOKEN = 'tokenOfTheOperators77';
const SECRETS = [TOKEN, 'pathKey11', 'queryKey22', 'userName33', 'passWord44'];

/** All upstreams give the same answer, so that it does not matter who was asked. */
const LABEL = 'same';

const upstreams: FakeUpstream[] = [];

beforeAll(async () => {
  for (let i = 0; i < 4; i++)
    upstreams.push(await FakeUpstream.start(LABEL, delayed(15, answerByLabel(LABEL))));
});

const urlOf = (index: number) => upstreams[index]?.url ?? '';

async function start(
  env: Readonly<Record<string, string>> = {},
): Promise<{ daemon: Daemon; admin: AdminClient }> {
  const daemon = await startBalancer({
    primaries: [`${urlOf(0)} name=a`, `${urlOf(1)} name=b`],
    env: { ADMIN_PORT: '0', ...env },
  });
  const headers = env['ADMIN_TOKEN'] === undefined ? {} : { authorization: `Bearer ${env['ADMIN_TOKEN']}` };
  return { daemon, admin: new AdminClient(daemon.adminUrl, headers) };
}

async function rowsOf(admin: AdminClient): Promise<StatsRow[]> {
  // The fields that a test looks at it compares, whatever they hold.
  return (await admin.get('/servers')).json() as StatsRow[];
}

it('adding, draining, removing, weighing and reordering under load costs no request', async () => {
  const { admin, daemon } = await start();
  let done = false;
  // Until all is changed, and long enough for a slow machine to have had something to lose.
  const goesOn = (soFar: LoadReport) => !done || soFar.sent < 250;
  const report = load({ url: daemon.url, durationMs: 0, goesOn, clients: 12, expected: LABEL });
  const steps: number[] = [];
  const step = async (work: Promise<{ status: number }>) => void steps.push((await work).status);
  const strategies = ['round-robin', 'least-connections', 'peak-ewma', 'weighted-round-robin', 'shuffle'];
  for (const [round, strategy] of strategies.entries()) {
    await step(admin.post('/servers', { url: `${urlOf(2)}/${round}`, name: 'c', weight: 3 }));
    await step(admin.post('/servers', { url: urlOf(3), name: 'd', tier: 'fallback' }));
    await step(admin.put('/strategy', { strategy }));
    await step(admin.patch('/servers/a', { draining: true }));
    const ofA = upstreams[0]?.requests.length;
    await until(
      async () => (await rowsOf(admin)).find(({ name }) => name === 'a')?.connections === 0,
      'a is drained',
    );
    await step(admin.patch('/servers/c', { weight: 100 + round }));
    await step(admin.delete('/servers/b'));
    await step(admin.post('/servers', { url: urlOf(1), name: 'b' }));
    // At most what was on its way there when it began to drain.
    expect(upstreams[0]?.requests.length).toBeLessThanOrEqual((ofA ?? 0) + 12);
    await step(admin.patch('/servers/a', { draining: false }));
    await step(admin.post('/servers/a/release'));
    await step(admin.delete('/servers/c'));
    await step(admin.delete('/servers/d'));
  }
  done = true;
  const { sent, good, faults } = await report;
  expect([...faults]).toEqual([]);
  expect(good).toBe(sent);
  expect(sent).toBeGreaterThan(200);
  expect(steps).toEqual(strategies.flatMap(() => [201, 201, 200, 200, 200, 204, 201, 200, 200, 204, 204]));
  for (const upstream of upstreams.slice(0, 3)) expect(upstream.requests.length).toBeGreaterThan(0);
  expect((await rowsOf(admin)).map(({ name, failures }) => `${name} ${failures}`)).toEqual(['a 0', 'b 0']);
  expect((await daemon.stop()).code).toBe(0);
}, 60_000);

it('a tunnel counts as a connection of an upstream that drains, and goes on', async () => {
  const { daemon, admin } = await start();
  await admin.delete('/servers/b');
  let heard = '';
  const talk = (socket: Socket) =>
    void socket.on('data', (bytes) => (heard += bytes.toString('latin1'))).on('end', () => socket.end());
  upstreams[0]?.next(switchProtocol({ talk }));
  const client = await TunnelClient.open(daemon.port);
  await admin.post('/servers', { url: urlOf(2), name: 'c' });
  const drained = await admin.patch('/servers/a', { draining: true });
  expect(drained.json()).toMatchObject({ state: 'draining', connections: 1 });
  client.say('still');
  await until(() => heard.includes('still'), 'words through the tunnel');
  client.end();
  await until(async () => (await rowsOf(admin))[0]?.connections === 0, 'no connection left');
});

describe('the admin port', () => {
  it('answers during the drain, until the last request is over', async () => {
    const { daemon, admin } = await start({ SHUTDOWN_TIMEOUT: '10s' });
    const gates: (() => void)[] = [];
    const byLabel = answerByLabel(LABEL);
    upstreams[0]?.use({
      at: 'body',
      run: (socket, request) =>
        void gates.push(() => byLabel.at !== 'connect' && byLabel.run(socket, request)),
    });
    await admin.delete('/servers/b');
    const last = http(daemon.url);
    await until(() => gates.length > 0, 'a request in flight');
    daemon.signal('SIGTERM');
    await daemon.closed();
    expect(await rowsOf(admin)).toMatchObject([{ name: 'a', connections: 1 }]);
    const ready = await admin.get('/readyz');
    expect([ready.status, ready.json()]).toEqual([503, { status: 'not ready', reason: 'draining' }]);
    for (const open of gates) open();
    expect((await last).text).toBe(LABEL);
    expect((await daemon.exited).code).toBe(0);
    upstreams[0]?.use(delayed(15, answerByLabel(LABEL)));
  });

  it('that is taken ends the process with one clear line, and no client was let in', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = Object(holder.address());
    const { code, stdout, stderr } = await runDaemon([`--backends=${urlOf(0)}`], {
      PORT: '0',
      HOST: '127.0.0.1',
      ADMIN_PORT: `${port}`,
    });
    holder.close();
    expect(code).toBe(1);
    const lines = (stdout + stderr).split('\n').filter((line) => line.includes(`${port}`));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/in use; choose another ADMIN_PORT/);
    expect(stdout).not.toContain('istening"');
  });

  it('is asked by --healthcheck where the client port answers nothing itself', async () => {
    const adminPort = `${await releasedPort()}`;
    const env = { STATUS_PATHS: 'off', ADMIN_PORT: adminPort, ADMIN_TOKEN: TOKEN };
    const { daemon, admin } = await start(env);
    expect((await runDaemon(['--healthcheck'], env)).code).toBe(0);
    const wrong = await runDaemon(['--healthcheck'], { ...env, ADMIN_TOKEN: 'another' });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('/readyz: status 401')]);
    for (const name of ['a', 'b']) await admin.patch(`/servers/${name}`, { draining: true });
    expect((await runDaemon(['--healthcheck'], env)).code).toBe(1);
    expect((await daemon.stop()).code).toBe(0);
  });

  it('shows no secret: not the token, and nothing of a URL that was added', async () => {
    const env = { ADMIN_TOKEN: TOKEN, LOG_LEVEL: 'trace', ERROR_TIME_TO_LIVE_MINUTES: '0.00002' };
    const { daemon, admin } = await start(env);
    const secret = (url: string) =>
      `${url.replace('http://', 'http://userName33:passWord44@')}/v2/pathKey11?key=queryKey22`;
    let seen = '';
    const note = async (work: Promise<{ text: string; headers: unknown }>) => {
      const { text, headers } = await work;
      seen += text + JSON.stringify(headers);
    };
    await note(admin.post('/servers', { url: secret(urlOf(2)), name: 'c' }));
    await note(admin.post('/servers', { url: secret('http://no-such-host.invalid'), name: 'e' }));
    await note(admin.post('/servers', { url: secret(urlOf(2)) }));
    await note(admin.post('/servers', { url: `${secret(urlOf(2))}#x` }));
    await note(admin.post('/servers', { url: secret(urlOf(2)), colour: secret(urlOf(2)) }));
    await note(admin.post('/servers', { [secret(urlOf(2))]: 1 }));
    for (const name of ['a', 'b']) await note(admin.delete(`/servers/${name}`));
    for (const behaviour of [resetAfterRequest(), answer({ body: 'fine' }), answer({ status: 500 })]) {
      upstreams[2]?.use(behaviour);
      await note(rpc(daemon.url, 'eth_call'));
    }
    upstreams[2]?.use(delayed(15, answerByLabel(LABEL)));
    for (const path of ['/config', '/servers', '/nothing']) await note(admin.get(path));
    await note(http(`${daemon.adminUrl}/config`, { headers: { authorization: `Bearer ${TOKEN}x` } }));
    await daemon.logged(({ msg }) => msg === 'Admin call refused', 'the refusal');
    await daemon.stop();
    const all = seen + daemon.stdout + daemon.stderr;
    expect(SECRETS.filter((each) => all.includes(each))).toEqual([]);
    expect(upstreams[2]?.requests.at(-1)?.target).toBe('/v2/pathKey11?key=queryKey22');
  });
});

describe('PERSIST_SERVERS', () => {
  const inFolder = () => {
    const folder = mkdtempSync(join(tmpdir(), 'lists-'));
    releaseAfterwards(() => rmSync(folder, { recursive: true }));
    return join(folder, 'lists.json');
  };

  it('survives the hardest end with all that was answered', async () => {
    const file = inFolder();
    const { daemon, admin } = await start({ PERSIST_SERVERS: file });
    await admin.post('/servers', { url: `${urlOf(2)}/v2/pathKey11`, name: 'c' });
    let acknowledged = 0;
    const changes = (async () => {
      for (let weight = 2; weight <= 1_000; weight++) {
        const response = await admin.patch('/servers/c', { weight }).catch(() => undefined);
        if (response?.status !== 200) return;
        acknowledged = weight;
      }
    })();
    await until(() => acknowledged > 5, 'changes');
    await daemon.stop('SIGKILL');
    await changes;
    const again = await start({ PERSIST_SERVERS: file });
    const [, , last] = await rowsOf(again.admin);
    expect(last).toMatchObject({ name: 'c', url: urlOf(2) });
    expect(last?.weight).toBeGreaterThanOrEqual(acknowledged);
    expect(last?.weight).toBeLessThanOrEqual(acknowledged + 1);
    expect(again.daemon.logs().find(({ msg }) => /PERSIST_SERVERS/.test(`${msg}`))).toMatchObject({
      level: 'info',
      file,
      upstreams: 3,
    });
    expect((await rpc(again.daemon.url, 'eth_blockNumber')).reply.result).toBe(LABEL);
    await again.daemon.stop();
    const shown = await runDaemon(['--check', `--backends=${urlOf(0)}`], { PERSIST_SERVERS: file });
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining(`name=c weight=${last?.weight}`)]);
    expect(shown.stdout + again.daemon.stdout).not.toContain('pathKey11');
  });

  it('with a broken file is a problem before anything listens, and the file stays as it is', async () => {
    const file = inFolder();
    writeFileSync(file, '{"version":1,"servers":[{"url":"http://x.example/pathKey11"');
    const before = readFileSync(file, 'utf8');
    for (const args of [[], ['--check']]) {
      const { code, stdout, stderr } = await runDaemon([`--backends=${urlOf(0)}`, ...args], {
        PERSIST_SERVERS: file,
      });
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^PERSIST_SERVERS \(environment\): .*lists\.json" is no valid JSON; allowed: /);
      expect(stderr).not.toContain('pathKey11');
    }
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});
