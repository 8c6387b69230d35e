// Prometheus itself reads the metrics, loads the alert rules and answers what the dashboard asks.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { http } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';
import {
  alertQueries,
  dashboardQueries,
  FOLDER,
  filledIn,
  type Monitored,
  read,
  startMonitored,
} from './monitored.ts';

const TOKEN = '6f'.repeat(32);
const EVERY_MS = 250;

const isInstalled = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** Its words, and whether it had none of complaint. */
function promtool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: FOLDER, input, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

/** examples/monitoring/prometheus.yml, as it would be here: with other addresses, and each second. */
function configuration(folder: string, targets: readonly string[]): string {
  const replacements = [
    [/_interval: 5s/g, '_interval: 1s'],
    [/- alerts\.yml/, `- ${join(FOLDER, 'alerts.yml')}`],
    [/credentials_file: .*/, `credentials_file: ${join(folder, 'admin-token')}`],
    [/targets: .*/, `targets: ${JSON.stringify(targets)}`],
  ] as const;
  return replacements.reduce((text, [pattern, by]) => {
    expect(text).toMatch(pattern);
    return text.replace(pattern, by);
  }, read('prometheus.yml'));
}

/** Resolves to its address. */
async function startPrometheus(folder: string): Promise<string> {
  const child: ChildProcess = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  releaseAfterwards(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  return until(
    async () => {
      if (child.exitCode !== null) throw new Error(log);
      const [address] = /127\.0\.0\.1:[1-9]\d*/.exec(log) ?? [];
      const isReady = address !== undefined && (await http(`http://${address}/-/ready`)).status === 200;
      return isReady ? address : undefined;
    },
    'Prometheus that is ready',
    20_000,
  );
}

describe.skipIf(!isInstalled('promtool') || !isInstalled('prometheus'))('Prometheus', () => {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  let monitored: readonly Monitored<Daemon>[] = [];
  let address = '';
  let timer: NodeJS.Timeout | undefined;

  interface Answer {
    readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  }

  /** The numbers that a query gives at this moment. */
  async function numbers(query: string): Promise<string[]> {
    const answer = await http(`http://${address}/api/v1/query?query=${encodeURIComponent(query)}`);
    if (answer.status !== 200) throw new Error(`${query}: ${answer.text}`);
    // What it answers stands in its manual.
    return (answer.json() as Answer).data.result.map(({ value: [, number] }) => number);
  }

  beforeAll(async () => {
    const start = (withPools: boolean) => startMonitored(startBalancer, withPools, { ADMIN_TOKEN: TOKEN });
    monitored = await Promise.all([start(false), start(true)]);
    timer = setInterval(() => {
      for (const { traffic } of monitored) void traffic().catch(() => {});
    }, EVERY_MS);
    writeFileSync(join(folder, 'admin-token'), `${TOKEN}\n`);
    const targets = monitored.map(({ balancer }) => `127.0.0.1:${balancer.adminPort}`);
    writeFileSync(join(folder, 'prometheus.yml'), configuration(folder, targets));
    address = await startPrometheus(folder);
    await until(async () => (await numbers('up == 1')).length === 2, 'two targets that are up', 20_000);
  });

  afterAll(() => {
    clearInterval(timer);
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['check', 'config', join(folder, 'prometheus.yml')],
    ['check', 'config', '--syntax-only', 'prometheus.yml'],
    ['check', 'rules', 'alerts.yml'],
    ['test', 'rules', 'alerts.test.yml'],
  ])('promtool %s %s has nothing to say against %s', (...args) => {
    const { status, text } = promtool(args);
    expect([status, text]).toEqual([0, expect.stringContaining('SUCCESS')]);
    expect(text).not.toMatch(/FAILED|duplicate/i);
  });

  it('promtool check metrics has nothing to say against what there is to read', async () => {
    for (const { balancer } of monitored) {
      const { text } = await http(`${balancer.adminUrl}/metrics`, {
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      expect(text).toContain('rpc_lb_upstream_out{');
      expect(text).not.toMatch(/\bNan\b/);
      expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, text: '' });
    }
  });

  it.each([
    ['without pools', 0],
    ['with pools', 1],
  ])('has data for every query of the dashboard from a program %s', async (_, index) => {
    const instance = `127.0.0.1:${monitored[index]?.balancer.adminPort}`;
    for (const [title, query] of dashboardQueries()) {
      const filled = filledIn(query, instance, '10s');
      const found = await until(
        async () => {
          const all = await numbers(filled);
          return all.length > 0 && all.some((number) => number !== 'NaN') ? all : undefined;
        },
        `data for ${title}: ${filled}`,
        10_000,
      );
      expect(found.length, title).toBeGreaterThan(0);
    }
  });

  it('has the values of the dashboard’s variables', async () => {
    const values = async (label: string) => {
      const { text } = await http(`http://${address}/api/v1/label/${label}/values`);
      return JSON.parse(text).data;
    };
    expect(await values('pool')).toEqual(['base', 'default']);
    expect(await values('upstream')).toEqual(['dead', 'good', 'sick', 'spare']);
  });

  it('evaluates all alert rules without an error, and sees the pool that has no usable upstream', async () => {
    const pending = 'ALERTS{alertname="RpcLbNoUsableUpstream", pool="base"}';
    await until(async () => (await numbers(pending)).length === 1, 'the alert', 20_000);
    interface Rule {
      readonly name: string;
      readonly health: string;
      readonly lastError?: string;
    }
    const { text } = await http(`http://${address}/api/v1/rules`);
    const rules: Rule[] = JSON.parse(text).data.groups.flatMap(({ rules }: { rules: Rule[] }) => rules);
    expect(rules.map(({ name }) => name)).toEqual(alertQueries().map(([name]) => name));
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  });
});

it('Prometheus is installed, or this is no run that needs it', () => {
  const missing = ['prometheus', 'promtool'].filter((program) => !isInstalled(program));
  if (missing.length > 0)
    console.log(`${missing.join(' and ')}: not installed, so examples/monitoring was not tried`);
  if (process.env['CI'] === 'true') expect(missing).toEqual([]);
});
