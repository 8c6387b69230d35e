// What Compose itself makes of the compose files, where it is installed.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { releaseAfterwards } from '../support/leftovers.ts';
import { composeProgram, plainLines, resolveCompose, serviceLines } from './compose-file.ts';

const root = join(import.meta.dirname, '../..');
const program = composeProgram();
// In CI it must be there.
const isThere = program !== undefined || process.env['CI'] === 'true';
if (!isThere) console.log('Not tried: docker-compose is not installed');
const compose = program ?? ['docker-compose'];

function resolved(envFile: string, shell: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'compose-'));
  releaseAfterwards(() => rmSync(folder, { recursive: true }));
  copyFileSync(join(root, 'docker-compose.yml'), join(folder, 'docker-compose.yml'));
  writeFileSync(join(folder, '.env'), envFile);
  return plainLines(resolveCompose(compose, [], { cwd: folder, shell })).join('\n');
}

describe.runIf(isThere)('docker-compose with docker-compose.yml', () => {
  it('takes .env.example', () => {
    expect(resolved(readFileSync(join(root, '.env.example'), 'utf8'))).toContain('RPC_URLS: ');
  });

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
});

const examples = [
  { file: 'examples/compose.two-backends.yml', upstreams: ['one', 'two'] },
  { file: 'examples/compose.whoami.yml', upstreams: ['one', 'two', 'three'] },
  { file: 'examples/compose.replicas.yml', upstreams: ['one', 'two'] },
  { file: 'examples/monitoring/compose.yml', upstreams: ['one', 'two'] },
];

describe.runIf(isThere).each(examples)('docker-compose with $file', ({ file, upstreams }) => {
  const shell = { ADMIN_TOKEN: 'a-token' };

  it('accepts it from the top of the repository', () => {
    const text = resolveCompose(compose, ['-f', file], { cwd: root, shell });
    const lines = plainLines(text);
    for (const name of upstreams) expect(serviceLines(lines, name)).toContain('    read_only: true');
    const contexts = [...text.matchAll(/context: (\S+)/g)].map(([, context = '']) => context);
    expect(contexts.length).toBeGreaterThan(0);
    for (const context of contexts) expect(existsSync(join(context, 'Dockerfile'))).toBe(true);
  });

  it('publishes it on the PORT of the shell, and listens on 8080 inside', () => {
    const text = resolveCompose(compose, ['-f', file], { cwd: root, shell: { ...shell, PORT: '3030' } });
    expect(text).toMatch(/127\.0\.0\.1:3030:8080|published: ['"]?3030/);
    expect(plainLines(text).join('\n')).toMatch(/PORT: 8080\b/);
  });
});
