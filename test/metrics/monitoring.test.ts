// The dashboard and the alert rules of examples/monitoring ask for what there is.
import { beforeAll, describe, expect, it } from 'vitest';
import { balanceHere } from '../support/app.ts';
import { type ReadFamily, readExposition } from '../support/exposition.ts';
import { http } from '../support/http-client.ts';
import {
  alertQueries,
  dashboardQueries,
  filledIn,
  read,
  readDashboard,
  startMonitored,
} from './monitored.ts';
import { groupingLabels, selected, selectorsIn } from './promql.ts';

/** What Prometheus knows of a target by itself. */
const BY_PROMETHEUS = ['up', 'instance', 'job'];

const queries = [
  ...dashboardQueries().map(([title, query]) => [title, filledIn(query)] as const),
  ...alertQueries(),
];

/** No upstream refuses its key here: the reason of the one that is out stands for that. */
const rarely = (query: string) => query.replace('reason=~"auth|plan|wrong-chain"', 'reason=~".+"');

describe.each([
  ['without pools', false],
  ['with pools', true],
])('a scrape of a program %s', (_, withPools) => {
  let scrape: ReadonlyMap<string, ReadFamily>;

  beforeAll(async () => {
    const { balancer } = await startMonitored(balanceHere, withPools);
    scrape = readExposition((await http(`${balancer.adminUrl}/metrics`)).text);
  });

  it.each(queries)('has what %s asks for', (_title, query) => {
    const wanted = selectorsIn(rarely(query)).filter(({ name }) => !BY_PROMETHEUS.includes(name));
    const missing = wanted.filter((selector) => selected(scrape, selector).length === 0);
    expect(missing).toEqual([]);
  });

  it('has the labels by which they group and join', () => {
    for (const [, query] of queries) {
      const there = selectorsIn(rarely(query)).flatMap((selector) =>
        selected(scrape, selector).flatMap((labels) => [...labels.keys()]),
      );
      const known = new Set([...there, ...BY_PROMETHEUS, ...(withPools ? [] : ['pool']), '']);
      expect(groupingLabels(query).filter((label) => !known.has(label))).toEqual([]);
    }
  });

  it('has the label pool where there are several', () => {
    const upstreams = selected(scrape, { name: 'rpc_lb_upstream_state', matchers: [] });
    expect(new Set(upstreams.map((labels) => labels.get('pool')))).toEqual(
      new Set(withPools ? ['default', 'base'] : [undefined]),
    );
  });
});

describe('the dashboard', () => {
  const { panels, templating } = readDashboard();

  it('asks the data source that was chosen, for the pools and upstreams that were chosen', () => {
    expect(templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['instance', 'query'],
      ['pool', 'query'],
      ['upstream', 'query'],
    ]);
    expect(read('dashboard.json')).not.toMatch(/"uid": "(?!\$\{datasource\}|rpc-load-balancer)/);
    for (const [title, query] of dashboardQueries()) {
      for (const { name, matchers } of selectorsIn(query)) {
        const chosen = matchers.filter(({ value }) => value === '$instance').map(({ label }) => label);
        expect([title, name, chosen]).toEqual([title, name, ['instance']]);
      }
    }
  });

  it('says of every panel what it shows, and in which unit', () => {
    const shown = panels.filter(({ type }) => type !== 'row');
    expect(shown.length).toBeGreaterThan(30);
    expect(shown.filter(({ description }) => !description?.endsWith('.'))).toEqual([]);
    expect(shown.filter(({ targets = [] }) => targets.length === 0)).toEqual([]);
    expect(read('dashboard.json').match(/"unit": "/g)?.length ?? 0).toBeGreaterThanOrEqual(shown.length);
  });

  it('has its rows', () => {
    expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual([
      'Overview',
      'Upstreams',
      'Budgets and waiting',
      'Methods',
      'Process',
    ]);
  });
});

describe('the alert rules', () => {
  const names = alertQueries().map(([name]) => name);

  it('are all read here', () => {
    expect(names.length).toBe(read('alerts.yml').match(/^ +expr:/gm)?.length);
    expect(new Set(names).size).toBe(names.length);
  });

  it('have a test each', () => {
    const tests = read('alerts.test.yml');
    expect(names.filter((name) => !tests.includes(`"${name}"`))).toEqual([]);
  });

  it('have a severity, and say what it is about and what can be done', () => {
    for (const part of ['severity: (critical|warning)$', 'summary: ".+"$', 'description: ".+"$'])
      expect(read('alerts.yml').match(new RegExp(`^ +${part}`, 'gm'))?.length).toBe(names.length);
  });
});

describe('the reader of queries', () => {
  it('finds what is selected, and by which labels', () => {
    const query =
      'sum by (a, b) (rate(rpc_lb_x_bucket{c=~"d|e", f!="g,h"}[5m])) / on (i) group_left () up > 0.5';
    expect(selectorsIn(query)).toEqual([
      {
        name: 'rpc_lb_x_bucket',
        matchers: [
          { label: 'c', operator: '=~', value: 'd|e' },
          { label: 'f', operator: '!=', value: 'g,h' },
        ],
      },
      { name: 'up', matchers: [] },
    ]);
    expect(groupingLabels(query)).toEqual(['a', 'b', 'i', '']);
  });

  it.each(['rcp_lb_x', 'summ(rpc_lb_x)', 'rpc_lb_x{a}', 'rpc_lb_x ; 1'])('refuses %s', (query) => {
    expect(() => selectorsIn(query)).toThrow();
  });
});
