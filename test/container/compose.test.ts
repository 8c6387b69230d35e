import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { releaseAfterwards } from '../support/leftovers.ts';
import { below, composeProgram, plainLines, resolveCompose } from './compose-file.ts';

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

function testWithCompose(compose: readonly string[]): void {
  function resolved(envFile: string, shell: Record<string, string> = {}): string {
    const folder = mkdtempSync(join(tmpdir(), 'compose-'));
    releaseAfterwards(() => rmSync(folder, { recursive: true }));
    copyFileSync(composeFile, join(folder, 'docker-compose.yml'));
    writeFileSync(join(folder, '.env'), envFile);
    const stdout = resolveCompose(compose, [], { cwd: folder, shell });
    return plainLines(stdout).join('\n');
  }

  it('listens and publishes on 8080 when nothing is said', () => {
    const text = resolved('RPC_URLS=http://one.example\n');
    expect(text).toMatch(/PORT: 8080\b/);
    expect(text).toMatch(/published: 8080\b/);
    expect(text).toMatch(/target: 8080\b/);
  });

  it('listens and publishes on the PORT of .env', () => {
    const text = resolved('PORT=3030\n');
    expect(text).toMatch(/PORT: 3030\b/);
    expect(text).toMatch(/published: 3030\b/);
    expect(text).toMatch(/target: 3030\b/);
  });

  it('listens and publishes on the PORT of the shell, which wins', () => {
    const text = resolved('PORT=3030\n', { PORT: '4040' });
    expect(text).toMatch(/PORT: 4040\b/);
    expect(text).toMatch(/published: 4040\b/);
    expect(text).not.toContain('3030');
  });

  it('hands the settings of .env on as they stand', () => {
    const text = resolved(
      'RPC_URLS=https://one.example/v2/k name=a weight=3, https://two.example\nHOST=127.0.0.1\n',
    );
    expect(text).toContain('RPC_URLS: https://one.example/v2/k name=a weight=3, https://two.example');
    expect(text).toContain('HOST: 0.0.0.0');
  });
}

const compose = composeProgram();

describe('docker-compose', () => {
  if (compose) {
    testWithCompose(compose);
    return;
  }
  it('is not installed on this machine: only the text of docker-compose.yml was checked', () => {
    console.warn('docker-compose is not installed here: docker-compose.yml was checked as text only');
    expect(composeProgram()).toBeUndefined();
  });
});
