// Imports go one way, so that a part can be understood without those above it.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** From the top down; a part may import those of its own level and below, unless they are separate. */
const LEVELS: readonly (readonly string[])[] = [
  ['main'],
  ['program', 'worker-program'],
  ['app', 'commands'],
  ['admin', 'workers'],
  ['config', 'server', 'balancer', 'sharing'],
  ['pools'],
  ['calls', 'clients', 'tunnels', 'probes'],
  ['transport'],
  ['strategies', 'speed', 'notifiers', 'metrics', 'event-log'],
  ['upstreams', 'rpc', 'request-lines'],
  ['network'],
  ['log', 'runtime', 'defects'],
  ['events', 'process-events', 'event-words', 'event-sentences', 'masking', 'http', 'pacing'],
  [
    'secret-texts',
    'escapes',
    'regular-file',
    'log-output',
    'signals',
    'errors',
    'clock',
    'random',
    'numbers-in-words',
  ],
];

/** Members of one level that know nothing of each other. */
const SEPARATE: ReadonlySet<string> = new Set([
  ...['admin', 'workers'],
  ...['balancer', 'server', 'sharing'],
  ...['calls', 'clients', 'tunnels', 'probes'],
  ...['strategies', 'speed', 'notifiers', 'metrics', 'event-log'],
  ...['rpc', 'upstreams', 'request-lines'],
]);

/** What a part of one level, or above, must not know all the same. */
const FORBIDDEN: readonly { readonly from: string; readonly to: readonly string[] }[] = [
  // It sends what it is given to one upstream, and knows neither clients nor JSON-RPC.
  { from: 'transport', to: ['balancer', 'calls', 'server'] },
  // They carry bytes, and announce nothing.
  { from: 'tunnels', to: ['balancer', 'events'] },
  // They know what was asked and answered, not who is asked next.
  { from: 'calls', to: ['balancer', 'server', 'tunnels'] },
  // It learns from numbers alone, so that a simulation can stand in for everything.
  {
    from: 'pacing',
    to: ['network', 'log', 'runtime', 'events', 'masking', 'http', 'errors', 'clock', 'random'],
  },
];

/** Folders whose members are plugged in by the table in their index and never import each other. */
const PLUG_IN_FOLDERS = ['strategies', 'probes', 'notifiers'];

/** Ways to read the time, to wait and to draw lots that no test can take the place of. */
const AMBIENT: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date(?:\(\s*\)|\b(?!\())/,
  /(?<!new )\bDate\(/,
  /\bperformance\.\w+/,
  /\bprocess\.(?:hrtime|uptime)\b/,
  /(?<![.\w])(?:setTimeout|setInterval)\b/,
  /\bAbortSignal\.timeout\b/,
  /\bMath\.random\b/,
  /\b(?:random(?:Bytes|UUID|Int|Fill|FillSync)|getRandomValues)\b/,
  /\bglobalThis\b/,
  /'(?:node:)?(?:timers|perf_hooks)(?:\/\w+)?'/,
  /\bsystem(?:Clock|Random)\b/,
];

/** Where time and chance come in, and what runs before or beside the program that they are given to. */
const MAY_BE_AMBIENT = /^(?:main|program|worker-program|clock|random|log|log-output)\.ts$|^commands\//;

/** What else is ambient, and why. One that is gone must leave this list. */
const AMBIENT_FOR_A_REASON: Readonly<Record<string, string>> = {
  // Ids of requests must not be guessed, nor be those of another replica.
  'balancer/handle.ts': 'randomBytes',
  // The name in Via: a client that knew it could make a request look like a loop.
  'app.ts': 'randomBytes',
  // Who knew the keys could read what TLS sessions say.
  'app/first.ts': 'randomBytes',
  // Origins must differ over all machines.
  'app/shared-facts.ts': 'randomBytes',
  // Measures the event loop itself, and is passed on as an EventLoopDelay.
  'server/event-loop-delay.ts': "'node:perf_hooks'",
};

interface Import {
  readonly from: string;
  readonly to: string;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
}

function textOf(file: string): string {
  return readFileSync(join(SRC, file), 'utf8');
}

/** Without comments, which may speak of anything. */
function codeOf(file: string): string {
  return textOf(file).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

const files = filesIn(SRC);

/** Of types too, and those that are loaded later. */
const imports: readonly Import[] = files.flatMap((from) =>
  [...codeOf(from).matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path = '']) => ({
    from,
    to: relative(SRC, join(SRC, dirname(from), path)),
  })),
);

/** `balancer` for `balancer/judge.ts`, `clock` for `clock.ts`. */
function part(file: string): string {
  return file.split('/')[0]?.replace(/\.ts$/, '') ?? '';
}

function level(name: string): number {
  return LEVELS.findIndex((names) => names.includes(name));
}

/** The files whose values the folder's index imports; what it imports of types alone is the contract. */
function plugIns(folder: string): string[] {
  const matches = codeOf(`${folder}/index.ts`).matchAll(/^import (?!type\b)[^;]*? from '\.\/([^']+)';/gm);
  return [...matches].map(([, file = '']) => `${folder}/${file}`);
}

describe('src', () => {
  it('holds no part that has no level', () => {
    expect([...new Set(files.map(part))].filter((name) => level(name) < 0)).toEqual([]);
  });

  it('imports downwards only', () => {
    const upwards = imports.filter(({ from, to }) => level(part(to)) < level(part(from)));
    expect(upwards).toEqual([]);
  });

  it('keeps the separate parts of a level apart', () => {
    const across = imports.filter(
      ({ from, to }) =>
        part(from) !== part(to) &&
        level(part(from)) === level(part(to)) &&
        SEPARATE.has(part(from)) &&
        SEPARATE.has(part(to)),
    );
    expect(across).toEqual([]);
  });

  it('imports nothing that is forbidden', () => {
    const isForbidden = ({ from, to }: Import) =>
      FORBIDDEN.some((row) => row.from === part(from) && row.to.includes(part(to)));
    const found = imports.filter(isForbidden).map(({ from, to }) => `${from} -> ${to}`);
    expect([...new Set(found)].sort()).toEqual([]);
  });

  it('has no import cycles, not even of types', () => {
    expect(cyclesIn(imports)).toEqual([]);
  });

  it('has no file over 250 lines', () => {
    expect(files.filter((name) => textOf(name).split('\n').length > 251)).toEqual([]);
  });

  it('has no file over 250 lines in its live page', () => {
    const folder = join(SRC, 'admin/page');
    const long = (name: string) => readFileSync(join(folder, name), 'utf8').split('\n').length > 251;
    expect(readdirSync(folder).filter(long)).toEqual([]);
  });

  it('takes time and chance from those who were given them', () => {
    const found = files.flatMap((file) => {
      if (MAY_BE_AMBIENT.test(file)) return [];
      const code = codeOf(file);
      return AMBIENT.flatMap((pattern) => pattern.exec(code)?.[0] ?? []).map((what) => [file, what]);
    });
    expect(found.sort()).toEqual(Object.entries(AMBIENT_FOR_A_REASON).sort());
  });
});

/** Each cycle as the files on it, in the order of their imports. */
function cyclesIn(all: readonly Import[]): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const { from, to } of all) if (from === file) visit(to, [...path, file]);
    done.add(file);
  };
  for (const { from } of all) visit(from, []);
  return cycles;
}

describe.each(PLUG_IN_FOLDERS)('the plug-ins of src/%s', (folder) => {
  const members = plugIns(folder);

  it('are found in its index', () => {
    expect(members).not.toEqual([]);
    expect(members.filter((file) => !files.includes(file))).toEqual([]);
  });

  it('never import each other, and are imported by its index alone', () => {
    const meddling = imports.filter(({ from, to }) => members.includes(to) && from !== `${folder}/index.ts`);
    expect(meddling).toEqual([]);
  });
});

describe('a reading of the rules', () => {
  it('finds cycles', () => {
    const all = ['ab', 'bc', 'ca', 'cd', 'dd'].map(([from = '', to = '']) => ({ from, to }));
    expect(cyclesIn(all)).toEqual(['a -> b -> c -> a', 'd -> d']);
  });

  it.each([
    'Date.now()',
    'new Date()',
    'String(new Date)',
    'Date()',
    'performance.now()',
    'process.hrtime.bigint()',
    'setTimeout(run, 5)',
    '= setInterval;',
    "from 'node:timers/promises'",
    'AbortSignal.timeout(5)',
    'Math.random',
    'randomUUID()',
    'systemClock.wallMs()',
  ])('finds %s ambient', (code) => {
    expect(AMBIENT.some((pattern) => pattern.test(code))).toBe(true);
  });

  it.each(['new Date(wallMs)', 'Date.UTC(2026, 0)', 'socket.setTimeout(0)', 'setImmediate(run)', 'random()'])(
    'does not find %s ambient',
    (code) => {
      expect(AMBIENT.some((pattern) => pattern.test(code))).toBe(false);
    },
  );
});

describe('the documentation', () => {
  const decisions = readdirSync(join(ROOT, 'docs/decisions')).map((name) => `docs/decisions/${name}`);
  const tests = filesIn(join(ROOT, 'test')).map((file) => `test/${file}`);

  it.each(['docs/architecture.md', ...decisions])('%s names files that exist', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const named = new Set(text.match(/\w[\w-]*(?:[./][\w-]+)*\.ts\b/g));
    const isThere = (name: string) =>
      (name.endsWith('.test.ts') ? tests : files.map((file) => `src/${file}`)).some(
        (file) => file === name || file.endsWith(`/${name}`),
      );
    expect([...named].filter((name) => !isThere(name))).toEqual([]);
  });

  it('docs/architecture.md names every folder of src', () => {
    const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
    const folders = readdirSync(SRC, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const isNamed = (name: string) => new RegExp(`(?:^|[^\\w-])${name}/`, 'm').test(text);
    expect(folders.map(({ name }) => name).filter((name) => !isNamed(name))).toEqual([]);
  });
});
