// Imports go one way, so that a part can be understood without those above it.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../src');

/** From the top down; a part may import those of its own level and below, unless they are separate. */
const LEVELS: readonly (readonly string[])[] = [
  ['main'],
  ['program'],
  ['app', 'commands'],
  ['admin'],
  ['config', 'server', 'balancer'],
  ['pools'],
  ['calls', 'tunnels', 'probes'],
  ['transport'],
  ['strategies', 'notifiers', 'metrics', 'event-log'],
  ['upstreams', 'rpc'],
  ['network'],
  ['log', 'runtime'],
  ['events', 'masking', 'http'],
  ['secret-texts', 'regular-file', 'log-output', 'signals', 'errors', 'clock', 'random'],
];

/** Members of one level that know nothing of each other. */
const SEPARATE: ReadonlySet<string> = new Set([
  ...['balancer', 'server'],
  ...['calls', 'tunnels', 'probes'],
  ...['strategies', 'notifiers', 'metrics', 'event-log'],
  ...['rpc', 'upstreams'],
]);

/** Folders whose members are plugged in by the table in their index and never import each other. */
const PLUG_INS: Readonly<Record<string, readonly string[]>> = {
  strategies: ['shuffle', 'round-robin', 'weighted-round-robin', 'least-connections', 'peak-ewma'],
  probes: ['tcp', 'http', 'rpc'],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

function imports(): Import[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return files.flatMap((from) => {
    const text = readFileSync(join(SRC, from), 'utf8');
    return [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) => ({
      from,
      to: relative(SRC, join(SRC, dirname(from), path)),
    }));
  });
}

/** `balancer` for `balancer/judge.ts`, `clock` for `clock.ts`. */
function part(file: string): string {
  return file.split('/')[0]?.replace(/\.ts$/, '') ?? '';
}

function level(name: string): number {
  return LEVELS.findIndex((names) => names.includes(name));
}

describe('src', () => {
  const all = imports();

  it('holds no part that has no level', () => {
    expect(
      [...new Set(all.flatMap(({ from, to }) => [part(from), part(to)]))].filter((name) => level(name) < 0),
    ).toEqual([]);
  });

  it('imports downwards only', () => {
    const upwards = all.filter(({ from, to }) => level(part(to)) < level(part(from)));
    expect(upwards).toEqual([]);
  });

  it('keeps the separate parts of a level apart', () => {
    const across = all.filter(
      ({ from, to }) =>
        part(from) !== part(to) &&
        level(part(from)) === level(part(to)) &&
        SEPARATE.has(part(from)) &&
        SEPARATE.has(part(to)),
    );
    expect(across).toEqual([]);
  });

  it('keeps the members of a plug-in folder apart', () => {
    const member = (file: string, folder: string) =>
      PLUG_INS[folder]?.some((name) => file === `${folder}/${name}.ts`) ?? false;
    const meddling = all.filter(
      ({ from, to }) => member(from, part(from)) && member(to, part(to)) && part(from) === part(to),
    );
    expect(meddling).toEqual([]);
  });

  it('has no file over 250 lines', () => {
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const long = files.filter((name) => readFileSync(join(SRC, name), 'utf8').split('\n').length > 251);
    expect(long).toEqual([]);
  });
});
