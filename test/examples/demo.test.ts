import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { releasedPort } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until, within } from '../support/waiting.ts';
import { callRpc, demoFile, type Running, runs, startNode } from './processes.ts';

const READY_MS = 15_000;
const CALLS = 40;

async function startDemo(
  words: readonly string[] = ['--quiet'],
  env: Readonly<Record<string, string>> = {},
): Promise<{ demo: Running; url: string; pids: number[] }> {
  const port = await releasedPort();
  // A process group of its own, like a terminal's foreground job: Ctrl-C goes to the whole group.
  const demo = startNode([demoFile, ...words], { PORT: String(port), ...env }, { detached: true });
  const pids = (): number[] => [...demo.output().matchAll(/process (\d+)/g)].map((match) => Number(match[1]));
  releaseAfterwards(() => {
    for (const pid of pids().filter(runs)) process.kill(pid, 'SIGKILL');
  });
  await Promise.race([
    until(() => demo.output().includes('Ctrl-C ends everything'), 'the demo is ready', READY_MS),
    demo.ended.then(() => {
      throw new Error(`the demo ended: ${demo.output()}`);
    }),
  ]);
  return { demo, url: `http://127.0.0.1:${port}`, pids: pids() };
}

function names(stats: unknown): unknown[] {
  if (!Array.isArray(stats)) throw new Error(`/stats is not an array: ${JSON.stringify(stats)}`);
  return stats.map((entry) => entry.name);
}

describe('npm run demo', () => {
  it('answers every call, from more than one upstream, although one limits and one fails', async () => {
    const { url } = await startDemo();
    const answers = new Set<unknown>();
    for (let id = 1; id <= CALLS; id += 1) {
      const { status, body } = await callRpc(url, { jsonrpc: '2.0', id, method: 'web3_clientVersion' });
      expect(status).toBe(200);
      expect(body).toMatchObject({ id, result: expect.stringMatching(/^sample\//) });
      answers.add(JSON.stringify(body).match(/sample\/\w+/)?.[0]);
    }
    expect(answers.size).toBeGreaterThan(1);
    expect(names(await (await fetch(`${url}/stats`)).json())).toEqual([
      'steady',
      'limited',
      'flaky',
      'silent',
    ]);
  });

  it('says first where the live page is, and has something to see there', async () => {
    const { demo } = await startDemo([]);
    const [, page = ''] =
      /^The live page: (http:\/\/localhost:\d+\/)$/.exec(demo.output().split('\n')[0] ?? '') ?? [];
    expect(await (await fetch(page)).text()).toContain('<title>');
    expect(demo.output().split(page)).toHaveLength(2);
    await until(async () => {
      const rows: unknown = await (await fetch(`${page}stats`)).json();
      return Array.isArray(rows) && rows.reduce((sum, { requests }) => sum + requests, 0) > 5;
    }, 'calls');
  });

  it('calls nobody itself when it is told to be quiet, and has no page with ADMIN_PORT=off', async () => {
    const { demo, url } = await startDemo(['--quiet'], { ADMIN_PORT: 'off' });
    expect(demo.output()).not.toContain('page');
    await callRpc(url, { jsonrpc: '2.0', id: 1, method: 'eth_chainId' });
    const rows: unknown = await (await fetch(`${url}/stats`)).json();
    expect(Array.isArray(rows) && rows.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
  });

  it('goes on answering after the steady upstream was killed, and says so', async () => {
    const { demo, url, pids } = await startDemo();
    const steady = Number(/ steady .*process (\d+)/.exec(demo.output())?.[1]);
    expect(pids).toContain(steady);
    process.kill(steady, 'SIGTERM');
    await until(() => demo.output().includes('steady has ended'), 'the demo says that steady has ended');
    const { body } = await callRpc(url, { jsonrpc: '2.0', id: 1, method: 'eth_chainId' });
    expect(body).toMatchObject({ id: 1, result: '0x7a69' });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves no process behind after %s', async (signal) => {
    const { demo, url, pids } = await startDemo();
    expect(pids).toHaveLength(5);
    expect(pids.filter(runs)).toEqual(pids);
    await callRpc(url, { jsonrpc: '2.0', id: 1, method: 'eth_chainId' });
    process.kill(-demo.pid, signal);
    expect(await within(demo.ended, 8_000, 'the demo ends')).toBe(0);
    expect(demo.output()).toMatch(/\nStopped\.\n$/);
    expect(pids.filter(runs)).toEqual([]);
  });

  it('says that the port is taken, and which other way there is', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    releaseAfterwards(() => holder.close());
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const demo = startNode([demoFile], { PORT: String(port) });
    expect(await demo.ended).toBe(1);
    expect(demo.output()).toContain(`Port ${port} is taken`);
    expect(demo.output()).toContain('PORT=8081 npm run demo');
  });

  it('prints the alerts, and warns of nothing that is missing', async () => {
    const { demo } = await startDemo(['--quiet'], { LOG_LEVEL: 'info' });
    const [page] = /http:\/\/localhost:\d+\//.exec(demo.output()) ?? [''];
    const headers = { 'Content-Type': 'application/json' };
    expect((await fetch(`${page}alerts/test`, { method: 'POST', headers })).status).toBe(200);
    await until(() => demo.output().includes('as Slack would get it:\nTest: '), 'the alert');
    expect(demo.output()).not.toContain('WARN');
  });

  it('has a help', async () => {
    const demo = startNode([demoFile, '--help'], {});
    expect(await demo.ended).toBe(0);
    for (const word of ['--quiet', 'PORT', 'ADMIN_PORT', 'LOG_LEVEL']) expect(demo.output()).toContain(word);
  });

  it('refuses words that it does not know', async () => {
    const demo = startNode([demoFile, '--quite'], {});
    expect(await demo.ended).toBe(1);
    expect(demo.output()).toContain('--quite is unknown; allowed: --quiet, --help');
  });

  it('refuses a PORT that is none', async () => {
    const demo = startNode([demoFile], { PORT: 'http' });
    expect(await demo.ended).toBe(1);
    expect(demo.output()).toContain('PORT=http is not a port');
  });
});
