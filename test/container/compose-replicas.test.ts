// examples/compose.replicas.yml: its parts know each other by the names that they have.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configOf } from '../config/loading.ts';
import { below, plainLines, serviceLines } from './compose-file.ts';

const folder = join(import.meta.dirname, '../../examples');
const yaml = readFileSync(join(folder, 'compose.replicas.yml'), 'utf8');
const lines = plainLines(yaml);
const front = plainLines(readFileSync(join(folder, 'haproxy.cfg'), 'utf8'));
const REPLICAS = ['replica-1', 'replica-2', 'replica-3'];

it('starts three replicas of one kind, HAProxy, Valkey and two upstreams', () => {
  const services = lines.filter((line) => /^ {2}\S/.test(line)).map((line) => /[\w-]+/.exec(line)?.[0]);
  expect(services).toEqual(['front', ...REPLICAS, 'valkey', 'one', 'two']);
  for (const name of REPLICAS.slice(1)) expect(lines).toContain(`  ${name}: *replica`);
  expect(serviceLines(lines, 'replica-1')).toContain('    build: ..');
});

it('has settings that the replicas take, with the Redis that is there', () => {
  const pairs = below(serviceLines(lines, 'replica-1'), 'environment').map((line) =>
    /^(\w+): (.*)$/.exec(line)?.slice(1),
  );
  const config = configOf({ env: Object.fromEntries(pairs.filter((pair) => pair !== undefined)) });
  expect(config).toMatchObject({ port: 8080, redisUrl: 'redis://valkey:6379', redisPrefix: 'rpc-lb' });
  expect(config.upstreams.map(({ url }) => url.origin)).toEqual(['http://one:8545', 'http://two:8545']);
  expect(serviceLines(lines, 'valkey').join('\n')).toMatch(/image: valkey\/valkey:\d+\.\d+\.\d+-alpine/);
});

it('asks each replica whether it is ready, twice before it ends', () => {
  const servers = front.filter((line) => line.startsWith('  server ')).map((line) => line.trim());
  expect(servers).toEqual(REPLICAS.map((name) => `server ${name} ${name}:8080`));
  expect(front).toContain('  option httpchk GET /readyz');
  const [, seconds, times] = /check inter (\d+)s fall (\d+)/.exec(front.join('\n')) ?? [];
  const [, delay] = /SHUTDOWN_DELAY: (\d+)s/.exec(yaml) ?? [];
  expect(Number(delay)).toBeGreaterThan(Number(seconds) * Number(times) + 1);
});

it('publishes the port of HAProxy alone, on this machine only', () => {
  expect(below(serviceLines(lines, 'front'), 'ports')).toEqual([`127.0.0.1:\${PORT:-8080}:8080`]);
  expect(lines.filter((line) => line.trim() === 'ports:')).toHaveLength(1);
});

it('gives no container more rights than it needs', () => {
  for (const name of ['front', 'replica-1', 'valkey', 'one']) {
    const service = serviceLines(lines, name);
    expect(service).toContain('    read_only: true');
    expect(below(service, 'security_opt')).toEqual(['no-new-privileges:true']);
    expect(below(service, 'cap_drop')).toEqual(['ALL']);
  }
});
