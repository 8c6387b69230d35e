import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { releasedPort } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';
import { hasProgram, Shell } from './shell.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'examples/backend/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map((name) => readFileSync(join(root, name), 'utf8'));
const PORTS = ['8080', '9090', '5001', '5002', '5003'];
const READY_MS = 10_000;
/** A busy machine must neither look like a dead upstream nor outlast the requests that sleep. */
const PATIENCE = {
  CONNECT_TIMEOUT: '1m',
  ATTEMPT_TIMEOUT: '5m',
  REQUEST_TIMEOUT: '5m',
  HEALTH_CHECK_TIMEOUT: '1m',
};
const SLEEP = { inDocument: 'ms=8000', here: 'ms=60000' };

/** The blocks of commands that have a name, in the README and in the pages of docs/. */
const named = documents.flatMap((document) =>
  [...document.matchAll(/<!-- recipe: ([a-z-]+) -->\n```sh\n([\s\S]*?)\n```/g)].map(
    ([, name = '', text = '']) => [name, text] as const,
  ),
);
const recipes = new Map(named);

/** A reader with a terminal at the top of the repository, and free ports instead of those in the documents. */
class Reader {
  readonly #shell: Shell;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(shell: Shell, ports: ReadonlyMap<string, number>) {
    this.#shell = shell;
    this.#ports = ports;
  }

  static async create(): Promise<Reader> {
    // What the commands touch, without this folder's .env, and with a balancer.log of its own.
    const folder = mkdtempSync(join(tmpdir(), 'recipes-'));
    releaseAfterwards(() => rmSync(folder, { recursive: true }));
    for (const name of ['dist', 'examples', 'scripts', 'package.json']) {
      symlinkSync(join(root, name), join(folder, name));
    }
    const ports = new Map<string, number>();
    for (const port of PORTS) ports.set(port, await releasedPort());
    const ours = { HOST: '127.0.0.1', PORT: `${ports.get('8080')}`, ADMIN_PORT: `${ports.get('9090')}` };
    return new Reader(new Shell(folder, { ...ours, ...PATIENCE }), ports);
  }

  /** Types the recipe of this name; resolves to what it prints. */
  async types(name: string): Promise<string> {
    const recipe = recipes.get(name);
    if (recipe === undefined) throw new Error(`no document has a recipe of the name ${name}`);
    const commands = recipe.replace(SLEEP.inDocument, SLEEP.here);
    return this.#shell.run(commands.replace(/\b\d{4}\b/g, (port) => `${this.#ports.get(port) ?? port}`));
  }

  /** Types it again and again until it prints this. */
  async typesUntil(name: string, ...expected: readonly RegExp[]): Promise<void> {
    const isThere = async () => {
      const printed = await this.types(name);
      return expected.every((part) => part.test(printed));
    };
    await until(isThere, `${name} prints ${expected.join(' and ')}`, READY_MS);
  }

  async stats(): Promise<{ name: string; state: string; connections: number }[]> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.get('8080')}/stats`);
    // The fields that a test looks at it compares, whatever they hold.
    return (await response.json()) as { name: string; state: string; connections: number }[];
  }

  async untilListens(upstream: string): Promise<void> {
    const said = new RegExp(`^${upstream} listens`, 'm');
    await until(() => said.test(this.#shell.output()), `${upstream} listens`, READY_MS);
  }

  /** Starts both upstreams and the load balancer, and waits until all listen. */
  async starts(): Promise<void> {
    await this.types('start');
    await this.untilListens('one');
    await this.untilListens('two');
    const isReady = () =>
      this.stats().then(
        (rows) => rows.every(({ state }) => state === 'usable'),
        () => false,
      );
    await until(isReady, 'the load balancer listens', READY_MS);
  }
}

/** Which upstreams have said hello, in order. */
function greeters(printed: string): (string | undefined)[] {
  return [...printed.matchAll(/^Hello from (\w+)/gm)].map(([, name]) => name);
}

describe('the recipes of the documents', () => {
  it('hold no comment, nor does any other command: an interactive zsh would not take it', () => {
    const blocks = documents.flatMap((document) =>
      [...document.matchAll(/```sh\n([\s\S]*?)\n```/g)].map(([, text = '']) => text),
    );
    const isEnvFile = (text: string) => text.split('\n').every((line) => /^[A-Z_]+=/.test(line));
    expect(blocks.filter((text) => !isEnvFile(text) && /(^|\s)#/.test(text))).toEqual([]);
  });

  it('are each run by a test', () => {
    const test = readFileSync(fileURLToPath(import.meta.url), 'utf8');
    expect(recipes.size).toBeGreaterThan(10);
    expect(named).toHaveLength(recipes.size);
    expect([...recipes.keys()].filter((name) => !test.includes(`('${name}'`))).toEqual([]);
  });
});

describe('a reader of the documents', () => {
  if (!hasProgram('curl')) {
    it('has no curl on this machine: the recipes were not run', () => {
      expect(hasProgram('curl')).toBe(false);
    });
    return;
  }

  it('gets a block number, and rows from /stats', async () => {
    const reader = await Reader.create();
    await reader.starts();
    const printed = await reader.types('first-calls');
    expect(printed).toMatch(/\{"jsonrpc":"2\.0","id":1,"result":"0x[0-9a-f]+"\}/);
    expect(printed).toContain('[{"name":"one",');
  });

  it('is answered in turn', async () => {
    const reader = await Reader.create();
    await reader.starts();
    const names = greeters(await reader.types('round-robin'));
    expect(names).toHaveLength(4);
    expect([names.slice(0, 2), names.slice(2)]).toEqual(
      names[0] === 'one' ? Array(2).fill(['one', 'two']) : Array(2).fill(['two', 'one']),
    );
  });

  it('kills one upstream, is answered by the other, and sees why; then the first comes back', async () => {
    const reader = await Reader.create();
    await reader.starts();
    expect(greeters(await reader.types('kill'))).toEqual(['two', 'two', 'two', 'two']);
    expect(await reader.types('look')).toMatch(
      /"name":"one"\n"state":"(quarantined|down)"\n"reason":"[a-z-]+"/,
    );
    await reader.typesUntil('look', /"name":"one"\n"state":"down"/, /Status change: one \[down\]/);
    await reader.types('back');
    await reader.typesUntil('look', /"name":"one"\n"state":"usable"/, /Status change: one \[up\]/);
  });

  it('adds an upstream, drains it and removes it, while all requests are answered', async () => {
    const reader = await Reader.create();
    await reader.starts();
    await reader.types('third');
    await reader.untilListens('three');
    const added = await reader.types('add');
    expect(added).toMatch(/"name":"three"/);
    expect(greeters(added).sort()).toEqual(['one', 'one', 'three', 'three', 'two', 'two']);
    const drained = await reader.types('drain');
    expect(drained).toMatch(/"state":"draining"/);
    expect(greeters(drained).sort()).toEqual(['one', 'one', 'two', 'two']);
    expect(await reader.types('remove')).toMatch(/^204$/m);
    expect((await reader.stats()).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('sees quick requests go to the upstream with fewer long ones', async () => {
    const reader = await Reader.create();
    await reader.starts();
    expect(await reader.types('strategy')).toContain('"least-connections"');
    await reader.types('sleep');
    const connections = async () => (await reader.stats()).map((row) => row.connections);
    await until(
      async () => (await connections()).join('+').match(/3\+2|2\+3/) !== null,
      'five long requests',
    );
    const printed = await reader.types('fewest');
    const quieter = (await connections())[0] === 2 ? 'one' : 'two';
    expect(printed).toContain(`"name":"${quieter}"\n"connections":2\n`);
    expect(greeters(printed)).toEqual([quieter, quieter, quieter, quieter]);
  });

  it('loads it without a failed call, and ends everything', async () => {
    const reader = await Reader.create();
    await reader.starts();
    const printed = await reader.types('load');
    expect(printed).toMatch(/ 100 requests per second\n {2}answers +[1-9]/);
    expect(printed).toMatch(/non-2xx +0\n {2}wrong answers +0\n {2}no answer +0\n/);
    await reader.types('stop');
    await until(
      () =>
        reader.stats().then(
          () => false,
          () => true,
        ),
      'the end of the load balancer',
    );
  });
});
