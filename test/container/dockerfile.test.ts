import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environment, execForm, isIgnored, last, parseDockerfile, type Stage } from './dockerfile.ts';

const text = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
const ignoreFile = readFileSync(new URL('../../.dockerignore', import.meta.url), 'utf8');
const stages = parseDockerfile(text);

function finalStage(): Stage {
  const stage = stages.at(-1);
  if (!stage) throw new Error('the Dockerfile has no stage');
  return stage;
}

describe('Dockerfile', () => {
  it('ends in an image without a shell', () => {
    expect(finalStage().base).toMatch(/^gcr\.io\/distroless\/nodejs\d+-debian\d+:nonroot$/);
    expect(finalStage().instructions.map(({ name }) => name)).not.toContain('RUN');
  });

  it('does not run as root', () => {
    expect(last(finalStage(), 'USER')?.text).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('starts node directly, so that signals reach it', () => {
    expect(execForm(last(finalStage(), 'ENTRYPOINT')?.text ?? '')).toEqual([
      '/nodejs/bin/node',
      '--',
      'dist/main.js',
    ]);
  });

  it('asks for the health without a shell', () => {
    const command = last(finalStage(), 'HEALTHCHECK')?.text.replace(/^CMD\s+/, '') ?? '';
    expect(execForm(command)).toEqual(['/nodejs/bin/node', 'dist/main.js', '--healthcheck']);
  });

  it('names the environment and the port', () => {
    expect(environment(finalStage())).toEqual({ NODE_ENV: 'production', ENV: 'production' });
    expect(last(finalStage(), 'EXPOSE')?.text).toBe('8080');
  });

  it('installs from the lock file only', () => {
    const commands = stages.flatMap((stage) =>
      stage.instructions.filter(({ name }) => name === 'RUN').map((instruction) => instruction.text),
    );
    expect(commands.filter((command) => /npm (ci|i|install|update)\b/.test(command))).not.toHaveLength(0);
    for (const command of commands) expect(command).not.toMatch(/npm (i|install|update)\b/);
  });

  it('takes no whole folder of the context but src', () => {
    const sources = stages.flatMap((stage) =>
      stage.instructions
        .filter(({ name, flags }) => name === 'COPY' && !flags.has('from'))
        .flatMap((instruction) => instruction.text.split(/\s+/).slice(0, -1)),
    );
    expect(sources).toContain('src');
    expect(sources).not.toContain('.');
  });
});

describe('.dockerignore', () => {
  it.each([
    '.env',
    '.env.local',
    'node_modules/zod/package.json',
    '.git/config',
    'dist/main.js',
    'test/a.test.ts',
  ])('keeps %s out', (path) => {
    expect(isIgnored(ignoreFile, path)).toBe(true);
  });

  it.each([
    'package.json',
    'package-lock.json',
    'tsconfig.build.json',
    'scripts/build.mjs',
    'src/balancer/x.ts',
  ])('lets %s in', (path) => {
    expect(isIgnored(ignoreFile, path)).toBe(false);
  });
});

describe('the reader of these tests', () => {
  it('refuses an instruction that it does not know', () => {
    expect(() => parseDockerfile('FROM a\nVOLUME /x')).toThrow('VOLUME');
  });

  it('refuses the shell form where the exec form is meant', () => {
    expect(() => execForm('node dist/main.js')).toThrow('exec form');
  });

  it('joins continued lines and reads flags', () => {
    const [stage] = parseDockerfile('FROM a AS b\nCOPY --from=x \\\n  one ./');
    expect(stage).toMatchObject({ base: 'a', name: 'b' });
    expect(stage?.instructions[0]).toEqual({
      name: 'COPY',
      flags: new Map([['from', 'x']]),
      text: 'one ./',
    });
  });
});
