// How the daemon does beside nginx and HAProxy when providers fail, slow down and refuse: bench/README.md
import { readFileSync, writeFileSync } from 'node:fs';
import { ensureBuilt } from '../lib/build.mjs';
import { printTable } from '../lib/figures.mjs';
import { readFlags } from '../lib/flags.mjs';
import { stopAll } from '../lib/programs.mjs';
import { cells, circumstances, headings, markdown } from './report.mjs';
import { run } from './run.mjs';
import { scenarios as all, chosen, names as scenarioNames } from './scenarios/index.mjs';
import { sideBySide } from './side-by-side.mjs';
import { missing, subjects } from './subjects/index.mjs';

/** What stands after it is ours. */
const RESULTS = '\n## Results\n\n';
const document = new URL('../../docs/scoreboard.md', import.meta.url);

const everything = { only: all.map(({ name }) => name), subjects: Object.keys(subjects) };
const flags = readFlags(everything, { only: scenarioNames });
const scenarios = chosen(flags.only);
const results = new Map();

async function measure(scenario, name) {
  try {
    const measurement = await run(scenario, subjects[name]);
    results.set(`${scenario.name} ${name}`, { scenario, measurement });
    tell(scenario, name, measurement);
  } catch (error) {
    console.log(`${scenario.name}, ${name}: could not be measured: ${error.message}`);
  }
}

function tell(scenario, name, measurement) {
  const { good, requests } = measurement.measured;
  console.log(`${scenario.name}, ${name}: ${good} of ${requests} good`);
  for (const [fault, count] of measurement.faults) console.log(`  ${count} times ${fault}`);
  if (measurement.doubt) console.log(`  ${measurement.doubt}`);
}

ensureBuilt();
for (const name of missing) console.log(`${name} is not installed, and left out.`);
// The longest first, so that nothing long is left over at the end.
const seconds = ({ phases }) => phases.reduce((sum, phase) => sum + phase.seconds, 0);
const longestFirst = [...scenarios].sort((a, b) => seconds(b) - seconds(a));
const jobs = longestFirst.flatMap((scenario) =>
  flags.subjects.map((name) => ({
    share: scenario.share * subjects[name].weight,
    run: () => measure(scenario, name),
  })),
);
const startMs = performance.now();
await sideBySide(jobs);
const rows = scenarios.flatMap((scenario) =>
  flags.subjects.flatMap((name) => {
    const result = results.get(`${scenario.name} ${name}`);
    return result === undefined ? [] : [cells(`${scenario.name}, ${name}`, result)];
  }),
);
printTable(headings, rows);
const where = circumstances(subjects, flags.subjects, new Date());
console.log(where);
console.log(`Measured within ${((performance.now() - startMs) / 1_000).toFixed(0)} s.`);
// Part of a table would take the place of all of it.
if (process.argv.length === 2) {
  const [before] = readFileSync(document, 'utf8').split(RESULTS);
  writeFileSync(
    document,
    `${before}${RESULTS}${markdown({ scenarios, names: flags.subjects, results, where })}\n`,
  );
  console.log('Written to docs/scoreboard.md.');
}
await stopAll();
