/** Connects what operators watch and call by the admin port. */

import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { Console } from '../admin/console/console.ts';
import { type OwnAddress, ownAddress } from '../admin/console/own-request.ts';
import { EventStreams } from '../admin/events.ts';
import { LiveStreams } from '../admin/live/live-streams.ts';
import { type About, Overview } from '../admin/live/overview.ts';
import { RecentEvents } from '../admin/live/recent-events.ts';
import { Streams } from '../admin/streams.ts';
import { History } from '../metrics/history.ts';
import type { Dialer } from '../network/dial.ts';
import type { Alerts } from '../notifiers/alerts.ts';
import type { Runtime } from '../runtime.ts';
import { STRATEGY_NAMES } from '../strategies/index.ts';
import type { Service } from './service.ts';
import type { Statistics } from './statistics.ts';

export interface OperatorsContext {
  readonly runtime: Runtime;
  readonly dialer: Dialer;
  readonly service: Service;
  readonly statistics: Statistics;
  readonly alerts: Alerts;
  /** Of the program. */
  readonly version: string;
  /** Random, and known to nobody else. */
  readonly secret: Buffer;
  /** Keeps these texts out of the log. */
  readonly hide: (secrets: readonly string[]) => void;
}

export interface Watching {
  readonly events: EventStreams;
  readonly live: LiveStreams;
  readonly overview: Overview;
}

/** What happens is remembered from now on. */
export function createWatching(context: OperatorsContext): Watching {
  const { runtime, service, statistics, alerts, version } = context;
  const { clock, announcer } = runtime;
  const history = new History(clock);
  const recent = new RecentEvents(clock);
  const streams = new Streams(clock);
  const events = new EventStreams(clock, streams);
  const host = hostname();
  const about = (): About => ({
    version,
    env: service.config.env ?? null,
    host,
    notifiers: alerts.notifiers,
    strategies: STRATEGY_NAMES,
    pools: service.pools.all.map(({ identity, strategies, path }) => ({
      pool: identity.name,
      strategy: strategies.name,
      path: path === '' ? '/' : path,
    })),
  });
  const pools = () => service.pools;
  const stats = () => statistics.eachRow();
  const overview = new Overview({ clock, history, recent, pools, stats, about });
  announcer.listen((event) => {
    // Those of single requests, by far the most, concern the figures alone.
    if (event.type === 'attempt-finished' || event.type === 'request-finished') {
      history.hear(event);
      return;
    }
    recent.hear(event);
    events.listen(event);
  });
  return { events, overview, live: new LiveStreams({ clock, streams, overview, recent, time: history }) };
}

/** The calls need to know where the client port listens. */
export function createConsole({ runtime, dialer, service, secret, hide }: OperatorsContext): {
  readonly console: Console;
  readonly useClientPort: (address: AddressInfo) => void;
} {
  const { consoleKey } = service;
  if (consoleKey !== undefined) hide([consoleKey]);
  let self: OwnAddress | undefined;
  const console = new Console({
    runtime,
    dialer,
    pools: () => service.pools,
    self: () => self,
    key: () => (service.config.apiKeys ? consoleKey : undefined),
    secret,
  });
  return {
    console,
    useClientPort(address) {
      self = ownAddress(address, service.config.tlsCertFile !== undefined);
    },
  };
}
