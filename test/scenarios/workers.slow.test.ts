// Several processes serve the clients of one daemon: they die, drain, and speak every protocol.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { AdminClient } from '../support/admin-client.ts';
import { answerByLabel, delayed, silence } from '../support/behaviours.ts';
import { Authority, folder, pairFiles } from '../support/certificates.ts';
import { type Daemon, runDaemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { http, rpc } from '../support/http-client.ts';
import { Http2Client } from '../support/http2-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { load } from '../support/load.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until, within } from '../support/waiting.ts';
import { Echo, open } from '../support/web-sockets.ts';
import { ended, openSockets, workersOf } from '../support/worker-pids.ts';

const LABEL = 'A';

function start(
  upstream: { readonly url: string },
  env: Readonly<Record<string, string>> = {},
): Promise<Daemon> {
  return startBalancer({ primaries: [`${upstream.url} name=a`], env: { WORKERS: '2', ...env } });
}

const all = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

describe('a worker that dies', () => {
  it('loses no more than its own requests, while the port stays open', async () => {
    const upstream = await FakeUpstream.start(LABEL, delayed(20, answerByLabel(LABEL)));
    const daemon = await start(upstream);
    const agent = new Agent({ keepAlive: false });
    const failed: number[] = [];
    let isOver = false;
    let asked = 0;
    const client = async () => {
      while (!isOver) {
        asked += 1;
        const startedMs = performance.now();
        await http(daemon.url, { agent }).catch(() => failed.push(startedMs));
      }
    };
    const clients = all(8, client);
    const killed: { readonly fromMs: number; toMs: number }[] = [];
    for (let round = 0; round < 4; round++) {
      await until(() => workersOf(daemon).length === 2, 'two workers');
      const before = asked;
      await until(() => asked > before + 50, 'requests');
      const [victim = 0] = workersOf(daemon);
      const moment = { fromMs: performance.now(), toMs: 0 };
      process.kill(victim, 'SIGKILL');
      await ended([victim]);
      moment.toMs = performance.now();
      killed.push(moment);
    }
    isOver = true;
    await clients;
    // Each that failed was under way when a worker was killed: it had begun before, or within that moment.
    const isExplained = (ms: number) => killed.some(({ fromMs, toMs }) => ms <= toMs && ms >= fromMs - 1_000);
    expect(failed.filter((ms) => !isExplained(ms))).toEqual([]);
    expect(failed.length).toBeLessThanOrEqual(8 * killed.length);
    const counted = (await daemon.stats())[0]?.requests ?? 0;
    expect(counted).toBeGreaterThan(asked - failed.length - 8 * killed.length - 200);
  });

  it('along with all others leaves the port open: who connects meanwhile is served by the next ones', async () => {
    const upstream = await FakeUpstream.start(LABEL);
    const daemon = await start(upstream);
    const before = workersOf(daemon);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await ended(before);
    const answers = await all(20, () => rpc(daemon.url, 'eth_chainId'));
    expect(answers.map(({ reply }) => reply.result)).toEqual(Array.from({ length: 20 }, () => LABEL));
  });

  it('again and again at its start is started again, with pauses', async () => {
    const upstream = await FakeUpstream.start(LABEL);
    const daemon = await start(upstream);
    const isOfDeath = ({ msg }: { readonly msg?: string }) => msg?.startsWith('A worker has ended') === true;
    const end = performance.now() + 4_000;
    while (performance.now() < end) {
      for (const pid of workersOf(daemon)) process.kill(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // At once they would have been started hundreds of times.
    expect(daemon.logs().filter(isOfDeath).length).toBeLessThan(30);
    await until(async () => (await rpc(daemon.url, 'eth_chainId')).reply.result === LABEL, 'service');
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('the end of the first process', () => {
  it('by kill -9 ends the workers within 5 s, and frees the port', async () => {
    const upstream = await FakeUpstream.start(LABEL, delayed(1_500, answerByLabel(LABEL)));
    const daemon = await start(upstream);
    const workers = workersOf(daemon);
    const underWay = rpc(daemon.url, 'eth_chainId');
    await until(() => upstream.requests.length === 1, 'a request under way');
    upstream.use(silence());
    const hopeless = http(daemon.url).catch((error: unknown) => error);
    await until(() => upstream.requests.length === 2, 'a request that gets no answer');
    const killedMs = performance.now();
    daemon.signal('SIGKILL');
    await daemon.exited;
    expect((await underWay).reply.result).toBe(LABEL);
    await ended(workers, 5_000);
    expect(performance.now() - killedMs).toBeLessThan(5_000);
    expect(await hopeless).toMatchObject({ code: 'ECONNRESET' });
    await daemon.closed();
  });

  it('by SIGTERM, which all get at the same time, loses nothing', async () => {
    const upstream = await FakeUpstream.start(LABEL, delayed(100, answerByLabel(LABEL)));
    const daemon = await start(upstream, { SHUTDOWN_DELAY: '1s' });
    const agent = new Agent({ keepAlive: false });
    const lost: unknown[] = [];
    let isReady = true;
    const client = async () => {
      while (isReady)
        await http(daemon.url, { agent }).then(
          ({ status }) => status === 200 || lost.push(status),
          (error: unknown) => lost.push(error),
        );
    };
    const clients = all(50, client);
    await until(() => upstream.requests.length > 300, 'steady load');
    const workers = workersOf(daemon);
    for (const pid of [...workers, daemon.pid]) process.kill(pid, 'SIGTERM');
    await until(async () => (await http(`${daemon.url}/readyz`)).status !== 200, 'the end of readiness');
    isReady = false;
    await clients;
    expect(lost).toEqual([]);
    expect(await within(daemon.exited, 10_000, 'the end')).toEqual({ code: 0, signal: null });
    await ended(workers);
  });

  it('by SIGTERM refuses with an answer who was connected and had not asked yet', async () => {
    const upstream = await FakeUpstream.start(LABEL);
    const daemon = await start(upstream);
    const clients = await all(20, () => RawClient.connect(daemon.port));
    // All that came before it are accepted by now.
    expect((await http(daemon.url)).status).toBe(200);
    daemon.signal('SIGTERM');
    await daemon.logged(({ msg }) => msg === 'Draining', 'the drain');
    for (const client of clients) client.send(requestBytes('GET /'));
    const answers = await Promise.all(clients.map((client) => client.response()));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 503));
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
  });

  it('by SIGTERM has status 1 when requests had to be cut, and tells of how many', async () => {
    const upstream = await FakeUpstream.start(LABEL, silence());
    const daemon = await start(upstream, { SHUTDOWN_TIMEOUT: '300ms', HEDGE: 'off' });
    const asked = all(4, async () => {
      const client = await RawClient.connect(daemon.port);
      client.send(requestBytes('POST /', ['Content-Length: 100'], '{"half'));
      return client.ended();
    });
    await until(async () => (await daemon.stats()).length === 1, 'stats');
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toEqual({ code: 1, signal: null });
    expect(daemon.logs().at(-1)).toMatchObject({ connections: 4, msg: 'Stopped; some connections were cut' });
    await asked;
  });

  it('by a second signal ends all at once', async () => {
    const upstream = await FakeUpstream.start(LABEL, silence());
    const daemon = await start(upstream);
    const workers = workersOf(daemon);
    const asked = http(daemon.url).catch(() => undefined);
    await until(() => upstream.requests.length === 1, 'a request');
    daemon.signal('SIGTERM');
    await daemon.logged(({ msg }) => msg === 'Draining', 'the drain');
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toEqual({ code: 1, signal: null });
    await ended(workers, 1_000);
    await asked;
  });

  it('comes at once with status 1 when the port is in use', async () => {
    const upstream = await FakeUpstream.start(LABEL);
    const { code, stdout } = await runDaemon([`--backends=${upstream.url}`], {
      WORKERS: '2',
      HOST: '127.0.0.1',
      ADMIN_PORT: 'off',
      PORT: `${upstream.port}`,
    });
    expect(code).toBe(1);
    expect(stdout).toContain(`Can't listen on 127.0.0.1:${upstream.port}: the port is in use`);
  });
});

describe('with TLS', () => {
  const authority = new Authority();

  async function startTls(env: Readonly<Record<string, string>> = {}) {
    const where = folder();
    const { certFile, keyFile } = pairFiles(authority.certify(['localhost']), where);
    const upstream = await FakeUpstream.start(LABEL);
    const daemon = await start(upstream, { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, ...env });
    return { daemon, where };
  }

  async function handshake(port: number, session?: Buffer): Promise<TLSSocket> {
    const socket = connectTls({
      ...{ port, host: 'localhost', rejectUnauthorized: false, maxVersion: 'TLSv1.2' },
      ...(session && { session }),
    });
    releaseAfterwards(() => socket.destroy());
    socket.on('error', () => {});
    await within(once(socket, 'secureConnect'), 5_000, 'a handshake');
    return socket;
  }

  it('HTTP/2 is spoken, sessions are resumed at any worker, and a new certificate reaches all', async () => {
    const { daemon, where } = await startTls({ HTTP_REDIRECT_PORT: '0' });
    const clients = await all(4, () => Http2Client.connect(daemon.port));
    const call = {
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"x"}',
    };
    const answers = await Promise.all(
      clients.flatMap((client) => [client.request('/', call), client.request('/', call)]),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));

    const session = (await handshake(daemon.port)).getSession();
    const resumed = await all(6, () => handshake(daemon.port, session));
    expect(resumed.map((socket) => socket.isSessionReused())).toEqual(Array.from({ length: 6 }, () => true));

    const line = daemon.logs().find(({ msg }) => msg === 'Redirecting to HTTPS');
    const redirected = await http(`http://127.0.0.1:${line?.port}/x`);
    expect(redirected.status).toBe(308);
    expect(redirected.headers.location).toBe(`https://127.0.0.1:${daemon.port}/x`);

    pairFiles(authority.certify(['other.example', 'localhost']), where);
    await daemon.logged(({ msg }) => msg?.startsWith('The TLS certificate has changed') === true, 'a change');
    expect(daemon.logs().filter(({ msg }) => msg?.startsWith('The TLS certificate'))).toHaveLength(1);
    const fresh = await all(4, () => handshake(daemon.port));
    expect(fresh.map((socket) => socket.getPeerCertificate().subject.CN)).toEqual(
      Array.from({ length: 4 }, () => 'other.example'),
    );
    const [victim = 0] = workersOf(daemon);
    process.kill(victim, 'SIGKILL');
    await ended([victim]);
    await until(() => workersOf(daemon).length === 2, 'another worker');
    expect((await handshake(daemon.port, session)).isSessionReused()).toBe(true);
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  });
});

it('WebSockets go on in the worker that has them, and are told when it drains', async () => {
  const echo = await Echo.start();
  const daemon = await start(echo);
  const sockets = await all(4, () => open(daemon));
  for (const socket of sockets) {
    socket.send('hello');
    const [data] = (await within(once(socket, 'message'), 5_000, 'an echo')) as [Buffer];
    expect(`${data}`).toBe('hello');
  }
  expect((await daemon.stats())[0]?.connections).toBe(4);
  const codes = sockets.map(async (socket) => (await once(socket, 'close'))[0] as number);
  daemon.signal('SIGTERM');
  expect(await Promise.all(codes)).toEqual([1001, 1001, 1001, 1001]);
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
});

it('connections that are kept are spread evenly', async () => {
  const upstream = await FakeUpstream.start(LABEL);
  const daemon = await start(upstream);
  const sockets = () => workersOf(daemon).map(openSockets);
  const before = sockets();
  const clients = await all(16, () => RawClient.connect(daemon.port));
  for (const client of clients) client.send(requestBytes('GET /healthz'));
  for (const client of clients) expect((await client.response()).status).toBe(200);
  const taken = sockets().map((now, index) => now - (before[index] ?? 0));
  // One that has just closed counts until its worker has told.
  for (const count of taken) expect(count).toBeGreaterThanOrEqual(7);
  expect(taken).toHaveLength(2);
});

it('all that is asked is counted once, and has one whole line', async () => {
  const upstream = await FakeUpstream.start(LABEL);
  const daemon = await start(upstream, { ADMIN_PORT: '0' });
  const report = await load({ url: daemon.url, durationMs: 2_000, clients: 16, expected: LABEL });
  expect(report).toMatchObject({ bad: 0, errors: 0 });
  const [row] = await daemon.stats();
  expect(row).toMatchObject({ requests: report.good, failures: 0, connections: 0 });
  const metrics = (await new AdminClient(daemon.adminUrl).get('/metrics')).text;
  expect(metrics).toContain(`rpc_lb_requests_total{outcome="answered"} ${report.good}\n`);
  expect(metrics).toContain('rpc_lb_inflight_requests 0\n');
  const lines = await until(() => {
    const requests = daemon.logs().filter(({ msg }) => msg === 'Request');
    return requests.length >= report.good && requests;
  }, 'a line for each request');
  expect(new Set(lines.map((line) => line['worker']))).toEqual(new Set([1, 2]));
  expect(new Set(lines.map(({ id }) => id)).size).toBe(report.good);
  expect(daemon.stdout.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
});

it('an uncaught error in a worker ends it alone, with a line that says why', async () => {
  const upstream = await FakeUpstream.start(LABEL);
  const where = folder();
  const script = join(where, 'defect.mjs');
  writeFileSync(script, "process.on('SIGUSR2', () => { throw new Error('on purpose'); });");
  const daemon = await start(upstream, { NODE_OPTIONS: `--import=${script}` });
  const [victim = 0] = workersOf(daemon);
  process.kill(victim, 'SIGUSR2');
  const ending = await daemon.logged(({ msg }) => msg?.startsWith('A worker has ended') === true, 'its end');
  expect(ending).toMatchObject({ level: 'warn', pid: victim, code: 1 });
  const fatal = daemon.logs().find(({ level }) => level === 'fatal');
  expect(fatal).toMatchObject({ worker: ending['worker'], msg: 'Uncaught error' });
  expect((await rpc(daemon.url, 'eth_chainId')).reply.result).toBe(LABEL);
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
});

it('MAX_CONNECTIONS is that of all together, and keys, console and reload know one daemon', async () => {
  const upstream = await FakeUpstream.start(LABEL);
  const daemon = await start(upstream, {
    MAX_CONNECTIONS: '4',
    ADMIN_PORT: '0',
    API_KEYS: 'alice:0123456789abcdef',
  });
  const admin = new AdminClient(daemon.adminUrl);
  const called = (await admin.post('/call', { call: { method: 'eth_chainId' } })).json();
  expect(called).toMatchObject({ status: 200, answered_by: 'a' });
  const clients = await all(4, () => RawClient.connect(daemon.port));
  for (const client of clients) client.send(requestBytes('GET /healthz'));
  for (const client of clients) expect((await client.response()).status).toBe(200);
  const refused = await RawClient.connect(daemon.port);
  refused.send(requestBytes('GET /healthz'));
  await refused.ended();
});

it('an upstream that nobody reaches is told of once', async () => {
  const port = await releasedPort();
  const daemon = await start({ url: `http://127.0.0.1:${port}` });
  await all(8, () => http(daemon.url));
  await daemon.logged(({ msg }) => msg === 'Quarantined', 'the quarantine');
  await http(`${daemon.url}/stats`);
  const lines = daemon.logs().filter(({ msg }) => msg === 'Quarantined');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ upstream: 'a', reason: 'refused' });
  expect(lines[0]).not.toHaveProperty('worker');
});
