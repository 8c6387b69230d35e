// examples/monitoring: its parts know each other by the names that they have.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configOf } from '../config/loading.ts';
import { below, plainLines, serviceLines } from './compose-file.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'examples/monitoring');
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const lines = plainLines(read('compose.yml'));
const balancer = serviceLines(lines, 'load-balancer');
const prometheus = serviceLines(lines, 'prometheus');
const grafana = serviceLines(lines, 'grafana');

/** Files and where they are inside, of those that are of this folder. */
const mounted = (service: readonly string[]) =>
  below(service, 'volumes')
    .filter((line) => line.startsWith('./'))
    .map((line) => line.split(':'));

describe('examples/monitoring/compose.yml', () => {
  it('starts the load balancer, two upstreams, Prometheus and Grafana', () => {
    const services = lines
      .slice(0, lines.indexOf('secrets:'))
      .filter((line) => /^ {2}\S/.test(line))
      .map((line) => /[\w-]+/.exec(line)?.[0]);
    expect(services).toEqual(['load-balancer', 'one', 'two', 'prometheus', 'grafana']);
    expect(existsSync(join(folder, '../backend/Dockerfile'))).toBe(true);
    expect(serviceLines(lines, 'one')).toContain('    build: ../backend');
    expect(balancer).toContain('    build: ../..');
  });

  it('has settings that the load balancer takes, with the admin port open to those that have the token', () => {
    const pairs = below(balancer, 'environment').map((line) => /^(\w+): (.*)$/.exec(line)?.slice(1));
    const env = Object.fromEntries(pairs.filter((pair) => pair !== undefined));
    expect(env['ADMIN_TOKEN']).toBe(`\${ADMIN_TOKEN:?}`);
    const config = configOf({ env: { ...env, ADMIN_TOKEN: '6f'.repeat(32) } });
    expect(config).toMatchObject({ port: 8080, adminHost: '0.0.0.0', adminPort: 9090, healthCheck: 'rpc' });
    expect(config.upstreams.map(({ name, tier }) => [name, tier])).toEqual([
      ['one', 'primary'],
      ['two', 'fallback'],
    ]);
  });

  it('publishes every port on this machine only, none twice', () => {
    const published = [balancer, prometheus, grafana].flatMap((service) => below(service, 'ports'));
    expect(published).toEqual([
      `127.0.0.1:\${PORT:-8080}:8080`,
      '127.0.0.1:9090:9090',
      '127.0.0.1:9091:9090',
      '127.0.0.1:3000:3000',
    ]);
  });

  it('takes images by their version, and gives no container more rights than it needs', () => {
    expect(read('compose.yml').match(/image: (?:prom|grafana)\/\w+:v?\d+\.\d+\.\d+$/gm)).toHaveLength(2);
    for (const service of [balancer, serviceLines(lines, 'one'), prometheus, grafana]) {
      expect(below(service, 'security_opt')).toEqual(['no-new-privileges:true']);
      expect(below(service, 'cap_drop')).toEqual(['ALL']);
    }
    for (const service of [balancer, serviceLines(lines, 'one'), prometheus])
      expect(service).toContain('    read_only: true');
    expect(lines.join('\n')).not.toMatch(/privileged:|cap_add|docker\.sock|user: (root|0)/);
  });

  it('mounts files that are there, where they are looked for', () => {
    const missing = [...mounted(prometheus), ...mounted(grafana)].filter(
      ([file = '']) => !existsSync(join(folder, file)),
    );
    expect(missing).toEqual([]);
    expect(mounted(prometheus).map(([, inside]) => inside)).toEqual([
      '/etc/prometheus/prometheus.yml',
      '/etc/prometheus/alerts.yml',
    ]);
    const [, path] = /path: (\S+)/.exec(read('provisioning/dashboards/rpc-load-balancer.yml')) ?? [];
    expect(mounted(grafana).map(([, inside]) => inside)).toEqual([
      '/etc/grafana/provisioning',
      `${path}/rpc-load-balancer.json`,
    ]);
    expect(read('provisioning/datasources/prometheus.yml')).toContain('url: http://prometheus:9090');
  });

  it('never has the token in the repository', () => {
    expect(read('.gitignore').split('\n')).toContain('admin-token');
    expect(read('compose.yml')).toContain('file: ./admin-token');
  });
});

it('prometheus.yml scrapes the load balancer of the compose file, with the token, as the job that the rules know', () => {
  const text = read('prometheus.yml');
  expect(text).toContain('targets: ["load-balancer:9090"]');
  expect(text).toContain('credentials_file: /run/secrets/admin-token');
  expect(below(prometheus, 'secrets')).toEqual(['admin-token']);
  const [, job] = /job_name: (\S+)/.exec(text) ?? [];
  const asked = [...read('alerts.yml').matchAll(/job="([^"]*)"/g)].map(([, name]) => name);
  expect(new Set(asked)).toEqual(new Set([job]));
  expect(text).toMatch(/rule_files:\n {2}- alerts\.yml\n/);
});
