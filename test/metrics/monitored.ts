import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answer, answerRpc, type Behaviour, refuseRate, resetAfterRequest } from '../support/behaviours.ts';
import type { Balancer, Balancing } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { callsIn, errorMember } from '../support/rpc-script.ts';
import { until } from '../support/waiting.ts';

export const FOLDER = join(import.meta.dirname, '../../examples/monitoring');

export const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[];
  };
}

export function readDashboard(): Dashboard {
  // The tests look at what they use of it.
  return JSON.parse(read('dashboard.json')) as Dashboard;
}

/** The queries of the dashboard, each with the title of its panel. */
export function dashboardQueries(): (readonly [title: string, query: string])[] {
  return readDashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr] as const),
  );
}

/** A query as Grafana would send it. */
export function filledIn(query: string, instance = '.*', range = '1m'): string {
  return query
    .replaceAll('$__rate_interval', range)
    .replaceAll('$__range', range)
    .replaceAll('$instance', instance)
    .replaceAll(/\$(?:pool|upstream)\b/g, '.*');
}

/** The alert rules: the name of each, and its query. */
export function alertQueries(): (readonly [name: string, query: string])[] {
  const text = read('alerts.yml').replaceAll(/^\s*#.*\n/gm, '');
  return text
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((rule) => {
      const [name = ''] = rule.split('\n');
      const [, block, line = ''] = /^ {8}expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/m.exec(rule) ?? [];
      return [name, (block ?? line).trim()] as const;
    });
}

/** The method that breaks an upstream for a moment: asked for anything else, it is well again. */
const BREAKS = 'eth_getProof';

/** Answers checks, refuses batches of more than two calls, and does with others as `otherwise` says. */
function node(label: string, otherwise?: Behaviour): Behaviour {
  const good = answerRpc({ eth_chainId: '0x1', eth_blockNumber: '0x3e8' }, label);
  const tooLarge = answer({
    body: `{"jsonrpc":"2.0","id":null,${errorMember(-32600, 'batch limit 2 exceeded: 3 requests given')}}`,
  });
  return {
    at: 'body',
    run(socket, request) {
      const text = request.body.toString();
      const isCheck = /"eth_(?:chainId|blockNumber)"/.test(text);
      const isLarge = text.startsWith('[') && callsIn(text).length > 2;
      const behaviour = isLarge ? tooLarge : isCheck ? good : (otherwise ?? good);
      if (behaviour.at !== 'connect') behaviour.run(socket, request);
    },
  };
}

function breaking(usually: Behaviour): Behaviour {
  return {
    at: 'body',
    run(socket, request) {
      const behaviour = request.body.includes(BREAKS) ? resetAfterRequest() : usually;
      if (behaviour.at !== 'connect') behaviour.run(socket, request);
    },
  };
}

export interface Monitored<B extends Balancer> {
  readonly balancer: B;
  /** Sends some requests of all kinds, of which some fail and some wait. */
  traffic(): Promise<void>;
}

/**
 * The program before upstreams of all kinds, after some traffic, so that there is something to tell of everything: a learnt
 * limit, budgets, an upstream that rests, a block height. With a pool `base` beside the other, or without.
 */
export async function startMonitored<B extends Balancer>(
  start: (how: Balancing) => Promise<B>,
  withPools: boolean,
  more: Readonly<Record<string, string>> = {},
): Promise<Monitored<B>> {
  const [good, sick, spare] = await Promise.all([
    FakeUpstream.start('good', breaking(node('good'))),
    FakeUpstream.start('sick', node('sick', refuseRate('600'))),
    FakeUpstream.start('spare', node('spare')),
  ]);
  const base = {
    RPC_URLS_BASE: `http://127.0.0.1:${await releasedPort()} name=dead`,
    FALLBACK_RPC_URLS_BASE: 'none',
  };
  const balancer = await start({
    primaries: [`${good.url} name=good rps=20`, `${sick.url} name=sick`],
    fallbacks: [`${spare.url} name=spare rps=20`],
    env: {
      ...(withPools ? base : {}),
      STRATEGY: 'round-robin',
      HEALTH_CHECK: 'rpc',
      // Once at the start, so that nothing that rests is asked and found to be down.
      HEALTH_CHECK_INTERVAL: '1h',
      ADMIN_PORT: '0',
      // Where there is none: it shares nothing, and says so.
      REDIS_URL: `redis://127.0.0.1:${await releasedPort()}`,
      ...more,
    },
  });
  const { url } = balancer;
  const call = '{"jsonrpc":"2.0","id":1,"method":"eth_call"}';
  const traffic = async () => {
    const single = ['eth_call', 'eth_getLogs', 'eth_call', BREAKS, 'eth_odd'].map((method) =>
      rpc(url, method),
    );
    const batch = post(url, `[${call},${call},${call}]`);
    await Promise.all([
      ...single,
      batch,
      http(`${url}/x`),
      ...(withPools ? [post(`${url}/base`, call)] : []),
    ]);
  };
  await until(async () => {
    await traffic();
    const rows = await balancer.stats();
    return (
      rows.some(({ state }) => state === 'quarantined') &&
      rows.some(({ limits }) => limits.batch !== null) &&
      rows.some(({ block_height: height }) => height !== null)
    );
  }, 'something to tell of everything');
  return { balancer, traffic };
}
