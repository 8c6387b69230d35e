// What does the choice of an upstream cost each request? bench/README.md
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './lib/build.mjs';
import { chooseCores, pinned } from './lib/cores.mjs';
import { printTable, shown } from './lib/figures.mjs';
import { readFlags } from './lib/flags.mjs';

const choosing = fileURLToPath(new URL('lib/choosing.mjs', import.meta.url));
/** Most nanoseconds of one choice, by the number of upstreams. */
const GOALS = new Map([
  [30, 2_000],
  [300, 10_000],
]);
const NAMES = ['shuffle', 'round-robin', 'weighted-round-robin', 'least-connections', 'peak-ewma', 'sticky'];

const { rounds, sizes, strategies } = readFlags({ rounds: 15, sizes: ['3', '30', '300'], strategies: NAMES });
ensureBuilt();
const { load: core } = chooseCores();
const rows = strategies.flatMap((strategy) =>
  sizes.map((size) => {
    const [command, args] = pinned(core, process.execPath, [
      '--expose-gc',
      choosing,
      strategy,
      size,
      `${rounds}`,
    ]);
    const { ns, ratio, bytes } = JSON.parse(execFileSync(command, args, { encoding: 'utf8' }));
    const goal = GOALS.get(Number(size));
    const met = goal === undefined ? '' : `below ${goal}: ${ns < goal ? 'met' : 'missed'}`;
    return [`${strategy}, ${size}`, shown(ns), shown(ratio, 1), shown(bytes), met];
  }),
);
printTable(['strategy, upstreams', 'ns/choice', 'copies of the list', 'bytes/choice', 'goal'], rows);
