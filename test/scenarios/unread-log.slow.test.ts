// A daemon whose standard output nobody reads: requests go on, and what is lost of the log is counted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** Stands in each line, so that it takes few to fill the 16 MB that are kept. */
const PATH = `/${'p'.repeat(1_000)}`;
const CLIENTS = 32;

/** The ports by the lines that say so, which are the last to be read. */
async function start(env: Readonly<Record<string, string>>) {
  const cwd = mkdtempSync(join(tmpdir(), 'unread-'));
  const child = spawn(process.execPath, [program], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  releaseAfterwards(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(cwd, { recursive: true });
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const port = (what: string) => {
    const line = text.split('\n').find((each) => each.includes(what));
    return line && Number(/"port":(\d+)/.exec(line)?.[1]);
  };
  const client = await until(() => port('"protocol"'), 'the client port');
  const admin = await until(() => port('Admin listening'), 'the admin port');
  return { child, text: () => text, client, admin };
}

it.each(['json', 'pretty'])('counts the lines that are lost, written as %s', async (format) => {
  const upstream = await FakeUpstream.start();
  const { child, text, client, admin } = await start({
    RPC_URLS: upstream.url,
    FALLBACK_RPC_URLS: 'none',
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    HEALTH_CHECK: 'off',
    LOG_FORMAT: format,
  });
  child.stdout.pause();
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  releaseAfterwards(() => agent.destroy());
  const send = () => http(`http://127.0.0.1:${client}${PATH}`, { agent });
  const metrics = async () => (await http(`http://127.0.0.1:${admin}/metrics`)).text;
  const lost = async () => Number(/^rpc_lb_log_lines_dropped_total (\d+)$/m.exec(await metrics())?.[1]);
  let sent = 0;
  while ((await lost()) === 0) {
    for (let turn = 0; turn < 20; turn += 1) {
      const answers = await Promise.all(Array.from({ length: CLIENTS }, send));
      sent += answers.length;
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    }
  }
  child.stdout.resume();
  const said = await until(() => /Log lines were lost.*/.exec(text())?.[0], 'the line about it', 20_000);
  expect(said).toBeDefined();
  const count = await lost();
  const written = () => (text().match(/"path":/g) ?? []).length;
  // Each line is either there or counted.
  await until(() => written() + count >= sent, 'the other lines');
  expect(written() + count).toBe(sent);
});
