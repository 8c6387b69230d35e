/** Node's own metrics, under the names that dashboards know. */

import type { Family } from './exposition.ts';

/** What is read of one of prom-client's metrics. Its declaration has a number for the type, which is a word. */
interface NodeMetric {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values: readonly {
    readonly value: number;
    readonly labels?: Readonly<Record<string, string | number | undefined>>;
    /** Where it is not that of the whole: `name_bucket`. */
    readonly metricName?: string;
  }[];
}

const TYPES: readonly Family['type'][] = ['counter', 'gauge', 'histogram', 'summary'];

/**
 * Watching the garbage collector and loading prom-client costs something, which operators who never read them should
 * not pay: they start with the first read.
 */
export class NodeMetrics {
  #started: Promise<{ getMetricsAsJSON(): Promise<readonly NodeMetric[]> }> | undefined;

  async families(): Promise<Family[]> {
    this.#started ??= start();
    const metrics = await (await this.#started).getMetricsAsJSON();
    return metrics.map(familyOf).filter(isWellNamed);
  }
}

async function start(): Promise<{ getMetricsAsJSON(): Promise<readonly NodeMetric[]> }> {
  const { collectDefaultMetrics, Registry } = await import('prom-client');
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

/** For our own writer: prom-client's spells NaN in a way of its own. */
function familyOf({ name, help, type, values }: NodeMetric): Family {
  return {
    name,
    help,
    type: TYPES.find((known) => known === type) ?? 'gauge',
    samples: values.map(({ value, labels = {}, metricName = name }) => ({
      value,
      labels: Object.fromEntries(Object.entries(labels).map(([label, text]) => [label, `${text}`])),
      suffix: metricName.slice(name.length),
    })),
  };
}

/** `_total` is for counters. Three gauges have it, each the sum of one that is there without it. */
function isWellNamed({ name, type }: Family): boolean {
  return type === 'counter' || !name.endsWith('_total');
}
