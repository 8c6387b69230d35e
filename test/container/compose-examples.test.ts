import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { configOf } from '../config/loading.ts';
import { below, plainLines, serviceLines, uncommented } from './compose-file.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'examples');
const SAME_IN_EVERY_FILE = ['image: loadbalancer', 'restart: unless-stopped', 'stop_grace_period: 40s'];

/** The upstreams of each example, and the port on which they listen. */
const examples = [
  { file: 'compose.two-backends.yml', upstreams: ['one', 'two'], port: 8545 },
  { file: 'compose.whoami.yml', upstreams: ['one', 'two', 'three'], port: 8000 },
];

function linesOf(file: string): string[] {
  return plainLines(readFileSync(join(folder, file), 'utf8'));
}

/** Where a service's image is built, relative to the file; undefined when it isn't. */
function buildContext(service: readonly string[]): string | undefined {
  return /^ {4}build: (.*)$/m.exec(service.join('\n'))?.[1];
}

it('has no compose file that is not tested here, and the walk-through names each', () => {
  const found = readdirSync(folder).filter((name) => name.endsWith('.yml'));
  // compose-replicas.test.ts has the one with more parts.
  expect(found.filter((name) => name !== 'compose.replicas.yml')).toEqual(examples.map(({ file }) => file));
  const walkThrough = readFileSync(join(root, 'docs/walk-through.md'), 'utf8');
  const command = (name: string) => `docker compose -f examples/${name} up --build`;
  expect(found.filter((name) => !walkThrough.includes(command(name)))).toEqual([]);
});

describe.each(examples)('examples/$file', ({ file, upstreams, port }) => {
  const lines = linesOf(file);
  const balancer = serviceLines(lines, 'load-balancer');

  it('has the load balancer and its upstreams, and starts them first', () => {
    const services = lines.filter((line) => /^ {2}\S/.test(line)).map((line) => /[\w-]+/.exec(line)?.[0]);
    expect(services).toEqual(['load-balancer', ...upstreams]);
    expect(below(balancer, 'depends_on')).toEqual(upstreams);
  });

  it('builds the image of docker-compose.yml from the top of the repository', () => {
    expect(balancer.map((line) => line.trim())).toEqual(expect.arrayContaining(SAME_IN_EVERY_FILE));
    expect(join(folder, buildContext(balancer) ?? '', 'Dockerfile')).toBe(join(root, 'Dockerfile'));
  });

  it('gives no container more rights than it needs', () => {
    for (const service of [balancer, serviceLines(lines, 'one')]) {
      expect(service).toContain('    read_only: true');
      expect(below(service, 'security_opt')).toEqual(['no-new-privileges:true']);
      expect(below(service, 'cap_drop')).toEqual(['ALL']);
    }
    const anchor = /^ {2}one: &(\w+)$/m.exec(lines.join('\n'))?.[1];
    for (const name of upstreams.slice(1)) expect(serviceLines(lines, name)[0]).toBe(`    <<: *${anchor}`);
    expect(lines.join('\n')).not.toMatch(/privileged:|cap_add|docker\.sock|user: (root|0)/);
  });

  it('holds settings that the load balancer takes, and asks those upstreams in turn', () => {
    const pairs = below(balancer, 'environment').map((line) => /^(\w+): (.*)$/.exec(line)?.slice(1));
    const env = Object.fromEntries(pairs.filter((pair) => pair !== undefined));
    const config = configOf({ env });
    expect(config.upstreams.map(({ name, url }) => [name, url.origin])).toEqual(
      upstreams.map((name) => [name, `http://${name}:${port}`]),
    );
    expect(config).toMatchObject({ strategy: 'round-robin', port: 8080, healthCheck: 'http' });
    expect(config.healthCheckPath).toBe('/health');
  });

  it('publishes the port on this machine only', () => {
    expect(below(balancer, 'ports')).toEqual([`127.0.0.1:\${PORT:-8080}:8080`]);
  });
});

it('builds the sample upstream, which listens on 8545 when it is told nothing', () => {
  const one = serviceLines(linesOf('compose.two-backends.yml'), 'one');
  expect(buildContext(one)).toBe('backend');
  expect(below(one, 'environment')).toEqual(['NAME: one']);
  expect(readFileSync(join(folder, 'backend/Dockerfile'), 'utf8')).toContain('EXPOSE 8545');
});

it('can open the admin port of the two samples to this machine, with a token', () => {
  const text = readFileSync(join(folder, 'compose.two-backends.yml'), 'utf8');
  const balancer = serviceLines(
    plainLines(text.replace(/^( +)# (ADMIN_\w+:|- )/gm, '$1$2')),
    'load-balancer',
  );
  expect(below(balancer, 'ports')).toContain('127.0.0.1:9090:9090');
  const given = below(balancer, 'environment').filter((line) => line.startsWith('ADMIN_'));
  expect(given).toEqual(['ADMIN_HOST: 0.0.0.0', `ADMIN_TOKEN: \${ADMIN_TOKEN:?}`]);
  const lists = { RPC_URLS: 'http://one:8545', FALLBACK_RPC_URLS: 'none' };
  const config = configOf({ env: { ...lists, ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: '6f'.repeat(32) } });
  expect(config).toMatchObject({ adminHost: '0.0.0.0', adminPort: 9090 });
});

it('starts each whoami on the port that the load balancer asks', () => {
  const lines = linesOf('compose.whoami.yml');
  for (const name of ['one', 'two', 'three']) {
    expect(serviceLines(lines, name)).toContain(`    command: --port=8000 --name=${name}`);
  }
});

it('has the admin port before two backends once the lines are taken in that it names', () => {
  const yaml = readFileSync(join(folder, 'compose.two-backends.yml'), 'utf8');
  const taken = uncommented(yaml, ['ADMIN_HOST: ', 'ADMIN_TOKEN: ', '- "127.0.0.1:9090']);
  const service = serviceLines(plainLines(taken), 'load-balancer');
  expect(below(service, 'environment').slice(-2)).toEqual([
    'ADMIN_HOST: 0.0.0.0',
    `ADMIN_TOKEN: \${ADMIN_TOKEN:?}`,
  ]);
  expect(below(service, 'ports')).toEqual(['127.0.0.1:9090:9090', `127.0.0.1:\${PORT:-8080}:8080`]);
});
