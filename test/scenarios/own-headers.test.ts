// Upstreams with header= lines: everything that they are asked has them, in place of the client's.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AdminClient, refusalIn } from '../support/admin-client.ts';
import { startApp } from '../support/app.ts';
import { answer, htmlPage } from '../support/behaviours.ts';
import { runDaemon } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { post } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import type { RecordedRequest } from '../support/recorded-request.ts';
import { askForWebSocket, switchProtocol, TunnelClient } from '../support/tunnel-client.ts';
import { until } from '../support/waiting.ts';

const OPTIONS = 'header=Authorization:Bearer%20ownKey11 header=X-Api-Key:a%2Cb%25 header=User-Agent:team/1';
/** What a client sends of the same names, in its own spelling and more than once. */
const OF_CLIENT = [
  'authorization: Bearer client',
  'X-API-KEY: client',
  'x-api-key: client again',
  'User-Agent: client/1',
];

const ownLines = (request: RecordedRequest) =>
  ['authorization', 'x-api-key', 'user-agent'].map((name) => request.headers(name));
const ALL = [['Bearer ownKey11'], ['a,b%'], ['team/1']];

const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_call"}';

describe('the lines of an upstream go', () => {
  it('with each request, and only to that upstream', async () => {
    const [own, other] = [await FakeUpstream.start('own'), await FakeUpstream.start('other')];
    own.use(htmlPage(502));
    const { port } = await startApp({ primaries: [`${own.url} ${OPTIONS}`], fallbacks: [other.url] });
    const lines = [...OF_CLIENT, `Content-Length: ${CALL.length}`];
    await rawRequest(port, requestBytes('POST /', lines, CALL));
    await rawRequest(port, requestBytes('GET /x', [...OF_CLIENT, 'Connection: X-Api-Key, User-Agent']));
    expect(own.requests.map(({ method }) => method)).toEqual(['POST']);
    for (const request of own.requests) expect(ownLines(request)).toEqual(ALL);
    expect(ownLines(other.requests[0] ?? (await other.arrived()))).toEqual([
      ['Bearer client'],
      ['client', 'client again'],
      ['client/1'],
    ]);
  });

  it('with a request that has none of them', async () => {
    const own = await FakeUpstream.start();
    const { port } = await startApp({ primaries: [`${own.url} ${OPTIONS}`] });
    await rawRequest(port, requestBytes('GET /x', ['Connection: X-Api-Key, User-Agent']));
    expect(ownLines(await own.arrived())).toEqual(ALL);
  });

  it('with the handshake of a WebSocket', async () => {
    const own = await FakeUpstream.start();
    own.use(switchProtocol());
    const { port } = await startApp({ primaries: [`${own.url} ${OPTIONS}`] });
    const client = await TunnelClient.open(port, askForWebSocket('/', OF_CLIENT));
    expect((await client.head()).startLine).toContain(' 101 ');
    expect(ownLines(await own.arrived())).toEqual(ALL);
    client.end();
  });

  it.each(['http', 'rpc'])('with an %s check and the question for memory', async (kind) => {
    const own = await FakeUpstream.start();
    await startApp({
      primaries: [`${own.url} ${OPTIONS}`],
      flags: [`--health-check=${kind}`, '--health-check-path=/check'],
    });
    const wanted = kind === 'http' ? ['/check', '/health'] : ['/', '/health'];
    await until(() => wanted.every((path) => own.requests.some(({ target }) => target === path)), 'both');
    for (const request of own.requests) expect(ownLines(request)).toEqual(ALL);
  });

  it('with the plain question after a failure', async () => {
    const own = await FakeUpstream.start();
    const { url } = await startApp({ primaries: [`${own.url} ${OPTIONS}`], flags: ['--health-check=tcp'] });
    own.next(htmlPage(502));
    await post(url, CALL);
    const isPlain = ({ body }: RecordedRequest) => body.includes('eth_blockNumber');
    expect(ownLines(await until(() => own.requests.find(isPlain), 'the question'))).toEqual(ALL);
  });

  it('with --check', async () => {
    const own = await FakeUpstream.start();
    const check = await runDaemon(['--check', `--backends=${own.url} ${OPTIONS}`, '--health-check=http']);
    expect(check.code).toBe(0);
    expect(ownLines(await own.arrived())).toEqual(ALL);
    expect(check.stdout).toContain('header=Authorization:*** header=X-Api-Key:*** header=User-Agent:*** ');
    expect(check.stdout + check.stderr).not.toMatch(/ownKey11|a,b%|a%2Cb/);
  });
});

describe('an operator', () => {
  it('adds one with such lines, which are kept in clear and shown masked', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lists-'));
    releaseAfterwards(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'lists.json');
    const [a, b] = [await FakeUpstream.start('A'), await FakeUpstream.start('B')];
    const running = await startApp({
      primaries: [`${a.url} name=a`],
      flags: ['--admin-port=0', `--persist-servers=${file}`],
    });
    const admin = new AdminClient(running.adminUrl);
    const events = await fetch(`${running.adminUrl}/events`);
    const reader = events.body?.getReader();
    const header = ['X-Api-Key:ownKey11', 'Authorization:Bearer%20ownKey22'];
    const added = await admin.post('/servers', { url: b.url, name: 'b', header });
    expect(added.status).toBe(201);
    await admin.delete('/servers/a');
    b.use(answer({ status: 403, body: 'ownKey11 may not, nor may OWNKEY22', reason: 'No ownKey11' }));
    const { message } = await rawRequest(running.port, requestBytes('GET /'));
    expect([message.startLine, message.text]).toEqual(['HTTP/1.1 403 No ***', '*** may not, nor may ***']);
    expect((await b.arrived()).header('authorization')).toBe('Bearer ownKey22');

    const seen = [added.text, Buffer.from((await reader?.read())?.value ?? []).toString()];
    await reader?.cancel();
    for (const path of ['/', '/stats', '/servers', '/metrics', '/config'])
      seen.push((await admin.get(path)).text);
    expect(seen.at(-1)).toContain('header=X-Api-Key:*** header=Authorization:***');
    await until(() => running.logs.some(({ msg }) => msg === 'Request'), 'the line of the request');
    expect(JSON.stringify([seen, running.logs])).not.toMatch(/ownKey/);

    expect(JSON.parse(readFileSync(file, 'utf8')).servers).toMatchObject([{ name: 'b', header }]);
    const again = await startApp({ primaries: [a], flags: [`--persist-servers=${file}`] });
    b.reset();
    await rawRequest(again.port, requestBytes('GET /'));
    expect((await b.arrived()).header('x-api-key')).toBe('ownKey11');
  });

  it('is told what is wrong with one, without its value', async () => {
    const a = await FakeUpstream.start();
    const running = await startApp({ primaries: [a], flags: ['--admin-port=0'] });
    const admin = new AdminClient(running.adminUrl);
    for (const header of ['ownKey11', ['X-A:ownKey11', 'Host:ownKey11'], [7], 7, 'X-A:ownKey11 x']) {
      const refused = await admin.post('/servers', { url: 'http://b', header });
      expect(refusalIn(refused)).toEqual([400, 'INVALID_INPUT']);
      expect(refused.text).not.toContain('ownKey');
    }
  });
});
