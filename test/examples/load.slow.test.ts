import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { answer, refuseRate, resetAfterRequest, silence } from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { type Running, startNode, startSample } from './processes.ts';

const loadFile = fileURLToPath(new URL('../../scripts/load.mjs', import.meta.url));

async function load(...flags: string[]): Promise<{ status: number | string; output: string }> {
  const running: Running = startNode([loadFile, ...flags], {});
  return { status: await running.ended, output: running.output() };
}

const gentle = ['--seconds=1', '--rate=10', '--connections=2'];

describe('npm run load', () => {
  it('runs scripts/load.mjs', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(scripts).toMatchObject({ load: 'node scripts/load.mjs' });
  });

  it('ends with status 0 when the daemon answers every call, and prints nothing but its figures', async () => {
    const upstream = await FakeUpstream.start();
    const daemon = await startBalancer({ primaries: [upstream] });
    const { status, output } = await load(`--url=${daemon.url}`, ...gentle);
    expect(output.split('\n')).toEqual([
      `eth_blockNumber to ${daemon.url} for 1 s, 2 connections, 10 requests per second`,
      expect.stringMatching(/^ {2}answers +10, \d+ per second$/),
      expect.stringMatching(/^ {2}p50 +\d+\.\d ms$/),
      expect.stringMatching(/^ {2}p99 +\d+\.\d ms$/),
      expect.stringMatching(/^ {2}non-2xx +0$/),
      expect.stringMatching(/^ {2}wrong answers +0$/),
      expect.stringMatching(/^ {2}no answer +0$/),
      '',
    ]);
    expect(status).toBe(0);
    expect(upstream.requests).toHaveLength(10);
    const bodies = upstream.requests.map(({ body }) => JSON.parse(body.toString()));
    expect(bodies[0]).toEqual({
      jsonrpc: '2.0',
      id: expect.any(Number),
      method: 'eth_blockNumber',
      params: [],
    });
    expect(new Set(bodies.map(({ id }) => id)).size).toBe(bodies.length);
  });

  it('sends GET requests with --get, and takes any 2xx', async () => {
    const url = await startSample();
    const daemon = await startBalancer({ primaries: [url] });
    const { status, output } = await load(`--url=${daemon.url}/sleep?ms=1`, '--get', ...gentle);
    expect(output).toContain(`GET to ${daemon.url} for`);
    expect(status).toBe(0);
  });

  it('counts each way to fail by itself, and shows the first', async () => {
    const upstream = await FakeUpstream.start();
    const error = '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}';
    const otherId = '{"jsonrpc":"2.0","id":"other","result":"0x1"}';
    upstream.next(
      answer({ body: error }),
      ...[otherId, '<html>'].map((body) => answer({ body })),
      ...[refuseRate(), refuseRate(), resetAfterRequest()],
    );
    const { status, output } = await load(`--url=${upstream.url}`, ...gentle);
    expect(output).toMatch(/non-2xx +2 \(429: 2\)\n {2}wrong answers +3\n {2}no answer +1\n/);
    expect(output).toContain(`the first of the failed ones: 200 ${error}\n`);
    expect(status).toBe(1);
  });

  it.each([
    ['wrong', answer({ body: '{"jsonrpc":"2.0","id":null,"result":"0x1"}' })],
    ['refused', refuseRate()],
    ['lost', resetAfterRequest()],
  ])('ends with status 1 when a single one of ten is %s', async (_how, once) => {
    const upstream = await FakeUpstream.start();
    upstream.next(once);
    expect(await load(`--url=${upstream.url}`, ...gentle)).toMatchObject({ status: 1 });
  });

  it('counts what got no answer, and gives up when nobody is there any more', async () => {
    const upstream = await FakeUpstream.start('A', silence());
    const running = startNode([loadFile, `--url=${upstream.url}`, '--seconds=600', '--connections=1'], {});
    await upstream.arrived();
    await upstream.close();
    expect(await running.ended).toBe(1);
    expect(running.output()).toMatch(/answers +0, /);
    expect(running.output()).toMatch(/no answer +[1-9]/);
  });

  it('says so when nothing listens', async () => {
    const port = await releasedPort();
    const { status, output } = await load(`--url=http://127.0.0.1:${port}`);
    expect(output).toMatch(`Nothing answers at http://127.0.0.1:${port} (ECONNREFUSED). Start the load`);
    expect(status).toBe(1);
  });

  it.each(['--connections=none', '--seconds=0', '--rate=-1', '--url=localhost', '--speed=9'])(
    'refuses %s in one line',
    async (flag) => {
      const { status, output } = await load(flag);
      expect(output).toContain(flag.replace(/^(--speed)=9$/, '$1'));
      expect(output.trim().split('\n')).toHaveLength(1);
      expect(status).toBe(1);
    },
  );

  it('explains itself with --help', async () => {
    const { status, output } = await load('--help');
    for (const flag of ['--url', '--connections', '--seconds', '--rate', '--get']) {
      expect(output).toContain(`  ${flag}`);
    }
    expect(status).toBe(0);
  });
});
