// Pages of other origins call the daemon, in a real browser.
import { execFile, execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';

const run = promisify(execFile);

function isInstalled(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// In CI it must be there.
const isBrowserThere = isInstalled('chromium') || process.env['CI'] === 'true';
if (!isBrowserThere) console.log('Not tried: chromium is not installed');

/** Calls as the page is told to, and writes what it could read of each answer into the page. */
const PAGE = `<!doctype html><pre id="seen"></pre><script>
const calls = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const seen = [];
(async () => {
  for (const { url, headers, body } of calls) {
    try {
      const response = await fetch(url, { method: 'POST', headers, body });
      const read = (name) => response.headers.get(name);
      seen.push([response.status, (await response.json()).error?.data?.code ?? 'ok', read('RateLimit'), read('X-Request-Id') !== null]);
    } catch (error) { seen.push(['unreadable']); }
  }
  document.getElementById('seen').textContent = JSON.stringify(seen);
})();
</script>`;

interface Call {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a page of this origin has read. */
async function readBy(origin: string, calls: readonly Call[]): Promise<unknown> {
  const { stdout } = await run('chromium', [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--virtual-time-budget=10000',
    '--dump-dom',
    `${origin}/#${encodeURIComponent(JSON.stringify(calls))}`,
  ]);
  const [, seen = ''] = /<pre id="seen">(.*?)<\/pre>/s.exec(stdout) ?? [];
  return JSON.parse(seen);
}

async function startPages(): Promise<string> {
  const server = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(PAGE));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releaseAfterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  // A TCP server that listens has an address with a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.runIf(isBrowserThere)('a page of another origin', () => {
  let allowed: string;
  let other: string;
  let daemon: Daemon;
  const call = (headers: Readonly<Record<string, string>>, path = '/'): Call => ({
    url: daemon.url + path,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}',
  });

  beforeAll(async () => {
    allowed = await startPages();
    other = await startPages();
    daemon = await startBalancer({
      primaries: [await FakeUpstream.start('A')],
      env: { CORS_ORIGINS: allowed, API_KEYS: 'alice:keyOfAlice12345678 rps=2', DENY_METHODS: 'admin_*' },
    });
  });

  it('can call, with a key, and read answers, limits and errors, our own too', async () => {
    const key = { 'X-API-Key': 'keyOfAlice12345678' };
    const seen = await readBy(allowed, [
      call(key),
      call(key),
      call(key),
      call({}),
      call({ Authorization: 'Bearer wrong' }),
    ]);
    expect(seen).toEqual([
      [200, 'ok', '"alice";r=1;t=1', true],
      [200, 'ok', '"alice";r=0;t=1', true],
      [429, 'CLIENT_RATE_LIMITED', '"alice";r=0;t=1', true],
      [401, 'UNAUTHORIZED', null, true],
      [401, 'UNAUTHORIZED', null, true],
    ]);
  });

  it('reads nothing where its origin is not on the list', async () => {
    expect(await readBy(other, [call({ 'X-API-Key': 'keyOfAlice12345678' })])).toEqual([['unreadable']]);
  });
});
