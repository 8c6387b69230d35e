import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { below, plainLines, uncommented } from './compose-file.ts';

const composeFile = fileURLToPath(new URL('../../docker-compose.yml', import.meta.url));

describe('docker-compose.yml', () => {
  const lines = plainLines(readFileSync(composeFile, 'utf8'));
  const service = below(lines, 'load-balancer');

  it('is well indented, without tabs', () => {
    for (const line of lines) expect(line).toMatch(/^( {2})*(- )?[^\s]/);
  });

  it('has the one service, built from here and fed by .env', () => {
    expect(lines.filter((line) => /^ {2}\S/.test(line))).toEqual(['  load-balancer:']);
    expect(service).toEqual(expect.arrayContaining(['image: loadbalancer', 'build: .', 'env_file: .env']));
  });

  it('publishes the port that the daemon listens on inside', () => {
    const listening = below(lines, 'environment')
      .find((line) => line.startsWith('PORT: '))
      ?.slice(6);
    expect(listening).toContain('PORT:-8080');
    expect(below(lines, 'ports')).toEqual([`${listening}:${listening}`]);
  });

  it('has the admin port once the lines are taken in that it names', () => {
    const taken = uncommented(readFileSync(composeFile, 'utf8'), ['ADMIN_HOST: ', '- "127.0.0.1:9090']);
    expect(below(plainLines(taken), 'environment').at(-1)).toBe('ADMIN_HOST: 0.0.0.0');
    expect(below(plainLines(taken), 'ports').at(-1)).toBe('127.0.0.1:9090:9090');
  });

  it('can be connected to whatever HOST the .env names', () => {
    expect(below(lines, 'environment')).toEqual(expect.arrayContaining(['HOST: 0.0.0.0', 'ENV: production']));
  });

  it('gives the container no more rights than it needs', () => {
    expect(service).toContain('read_only: true');
    expect(below(lines, 'security_opt')).toEqual(['no-new-privileges:true']);
    expect(below(lines, 'cap_drop')).toEqual(['ALL']);
    expect(service.join('\n')).not.toMatch(/privileged:|cap_add|docker\.sock|user: (root|0)/);
  });

  it('waits longer before it kills than the daemon takes to drain', () => {
    const seconds = Number(/stop_grace_period: (\d+)s/.exec(service.join('\n'))?.[1]);
    expect(seconds).toBeGreaterThan(30);
  });

  it('starts again after a crash, not after a stop', () => {
    expect(service).toContain('restart: unless-stopped');
  });
});
