// The examples that operators copy: an env file with three chains, and a systemd unit.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configWith, load } from '../config/loading.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { hasProgram } from './shell.ts';

const read = (name: string) => readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');

it('three-chains.env loads as it stands', () => {
  const files = { env: read('three-chains.env') };
  const loaded = load({ argv: ['--env-file=env'], files });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  expect(loaded.warnings).toEqual([]);
  const pools = loaded.config.pools.map(({ name, chainId, strategy, healthCheck, upstreams }) => {
    const tiers = upstreams.map(({ tier }) => tier[0]).join('');
    return [name, chainId, strategy, healthCheck, tiers];
  });
  expect(pools).toEqual([
    [undefined, '1', 'shuffle', 'rpc', 'pppfff'],
    ['base', '8453', 'peak-ewma', 'rpc', 'ppff'],
    ['arbitrum-one', '42161', 'shuffle', 'rpc', 'ppp'],
  ]);
  for (const { upstreams } of loaded.config.pools)
    for (const { url } of upstreams)
      expect([url.protocol, url.search, url.username]).toEqual(['https:', '', '']);
});

describe('rpc-load-balancer.service', () => {
  const unit = read('rpc-load-balancer.service');
  const lineOf = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1];

  it('leaves the daemon the time to stop that it takes by default, and reads the env file anew', () => {
    const { shutdownDelayMs, shutdownTimeoutMs } = configWith({});
    const seconds = Number(/^(\d+)s$/.exec(lineOf('TimeoutStopSec') ?? '')?.[1]);
    expect(seconds * 1_000).toBeGreaterThan(shutdownDelayMs + shutdownTimeoutMs);
    expect(lineOf('ExecReload')).toBe('/bin/kill -HUP $MAINPID');
    expect(lineOf('ExecStart')).toMatch(/^\/usr\/bin\/node -- dist\/main\.js --env-file=\//);
    expect(lineOf('EnvironmentFile')).toBeUndefined();
  });

  it('is what systemd understands, where it is installed', () => {
    if (!hasProgram('systemd-analyze')) {
      // Nobody else can tell.
      expect(hasProgram('systemd-analyze')).toBe(false);
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'unit-'));
    releaseAfterwards(() => rmSync(folder, { recursive: true }));
    const verify = (text: string) => {
      const file = join(folder, 'rpc-load-balancer.service');
      writeFileSync(file, text.replace('/usr/bin/node', process.execPath));
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      // What it says of the machine's other units is none of ours.
      return `${stdout}${stderr}`.split('\n').filter((line) => line.includes('rpc-load-balancer'));
    };
    expect(verify(unit)).toEqual([]);
    expect(verify(unit.replace('LockPersonality=', 'LockPersonalty='))).toHaveLength(1);
  });
});
