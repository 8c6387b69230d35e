import { cpus } from 'node:os';
import { percent, shown } from '../lib/figures.mjs';
import { percentile } from './measurement.mjs';

/** What each group of scenarios is about, in the order of the document. */
const groups = {
  faults: 'Failures and slowness',
  'four-fifths': 'Below the limits',
  'two-x': 'Above the limits',
};

const HEADINGS = [
  'balancer',
  'good',
  'good/s',
  'of what is allowed',
  'refused upstream',
  'calls upstream per request',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'longest ms',
  'remarks',
];
const SUMMARY =
  'Below limits: share of good answers; share of calls upstream that were refused. Above limits (`2x`): good ' +
  'answers as a share of what the providers allow; share refused. Else, where nothing else is said: share of good ' +
  'answers; p99.';
/** Fewer answers say nothing about one in a thousand. */
const ENOUGH_FOR_PER_MILLE = 2_000;

/** The cells of one run, as under HEADINGS. */
export function cells(name, { scenario, measurement }) {
  const { seconds, requests, good, goodUnits, latencies, ofCapacity, upstream, calls } = measurement.measured;
  const time = (share) => shown(percentile(latencies, share), share === 0.5 ? 1 : 0);
  return [
    name,
    percent(good / requests),
    shown(goodUnits / seconds),
    scenario.group === 'two-x' ? percent(ofCapacity) : '',
    percent(upstream.refused / calls),
    shown(calls / requests, 2),
    time(0.5),
    time(0.99),
    latencies.length >= ENOUGH_FOR_PER_MILLE ? time(0.999) : '',
    time(1),
    remarks(scenario, measurement),
  ];
}

function remarks(scenario, measurement) {
  const { whole, measured, doubt } = measurement;
  const shares = [whole, measured].map(({ good, requests }) => percent(good / requests));
  const fromFirst = scenario.group !== 'two-x' && shares[0] !== shares[1];
  return [
    scenario.remark?.(measurement),
    fromFirst && `${shares[0]} good from the first request`,
    scenario.load.byUnits && 'good/s in compute units',
    doubt,
  ]
    .filter(Boolean)
    .join('; ');
}

/** What a run comes down to, by the group of its scenario, as its cell of the summary. */
function summary({ scenario, measurement }) {
  const { good, requests, latencies, ofCapacity, upstream, calls } = measurement.measured;
  const [goodShare, refused] = [percent(good / requests), percent(upstream.refused / calls)];
  if (scenario.summary) return scenario.summary(measurement);
  if (scenario.group === 'two-x') return `${percent(ofCapacity)}; ${refused}`;
  if (scenario.group === 'four-fifths') return `${goodShare}; ${refused}`;
  return `${goodShare}; ${shown(percentile(latencies, 0.99))} ms`;
}

const line = (texts) => `|${texts.map((text) => (text === '' ? ' |' : ` ${text} |`)).join('')}`;
const table = (headings, rows) =>
  [line(headings), `|${headings.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');

function summaryTable(scenarios, names, results) {
  const cellOf = (scenario, name) => {
    const result = results.get(`${scenario.name} ${name}`);
    return result?.measurement ? summary(result) : '–';
  };
  const rows = scenarios.map((scenario) => [
    `${scenario.title} (\`${scenario.name}\`)`,
    ...names.map((name) => cellOf(scenario, name)),
  ]);
  return table(['', ...names], rows);
}

function section(group, scenarios, names, results) {
  const tables = scenarios.map((scenario) => {
    const found = names.map((name) => [name, results.get(`${scenario.name} ${name}`)]);
    const rows = found
      .filter(([, result]) => result?.measurement)
      .map(([name, result]) => cells(name, result));
    return `**${scenario.name}**: ${scenario.title}, ${Math.round(scenario.load.perSecond)} requests/s\n\n${table(HEADINGS, rows)}`;
  });
  return `### ${groups[group]}\n\n${tables.join('\n\n')}`;
}

/** Where it was measured, and with what. */
export function circumstances(subjects, names, when) {
  const [{ model }] = cpus();
  const parts = names.map((name) => `${name} ${subjects[name].version()} (${subjects[name].about})`);
  return `${when.toISOString().slice(0, 10)}, ${cpus().length} × ${model.trim()}, Node ${process.versions.node}: ${parts.join(', ')}.`;
}

/** The headings of the table on the terminal. */
export const headings = HEADINGS;

/**
 * All results as Markdown. `results` maps "scenario subject" to { scenario, measurement }; `where`: see
 * circumstances.
 */
export function markdown({ scenarios, names, results, where }) {
  const sections = Object.keys(groups).map((group) =>
    section(
      group,
      scenarios.filter((scenario) => scenario.group === group),
      names,
      results,
    ),
  );
  return [where, SUMMARY, summaryTable(scenarios, names, results), ...sections].join('\n\n');
}
