import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { createBalancer, type Drain } from './app/balancer.ts';
import { createHandler } from './app/handler.ts';
import type { Means } from './app/means.ts';
import { createUpstreams } from './app/upstreams.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { createEventLog } from './event-log.ts';
import { Announcer } from './events.ts';
import type { Logger } from './log.ts';
import { Latencies } from './metrics/latencies.ts';
import { createMetrics, type Metrics } from './metrics/prometheus.ts';
import { readStats } from './metrics/stats.ts';
import { type Alerts, createAlerts } from './notifiers/alerts.ts';
import { notifiers } from './notifiers/index.ts';
import { ALERT_KINDS } from './notifiers/notifier.ts';
import type { Random } from './random.ts';
import { createEntrance } from './server/entrance.ts';
import { type LagSource, measureLag } from './server/lag.ts';
import { Overload } from './server/overload.ts';
import type { StatusSource } from './server/status-paths.ts';
import type { Availability } from './upstreams/availability.ts';

/** How long the last alerts may take when the process ends. */
const LAST_ALERTS_MS = 2_000;

export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How late the event loop runs; measured where it is not given. */
  readonly lag?: LagSource;
}

export interface App {
  /** Resolves to the address once connections are accepted. Rejects with the system's error. */
  start(): Promise<AddressInfo>;
  /** Drains and ends. Resolves to the number of connections that had to be cut. */
  stop(): Promise<number>;
  /** What Prometheus asks for. */
  readonly metrics: Metrics;
}

/** Builds the program and connects its parts; the larger groups of parts are built in `app/`. */
export function createApp(config: Config, { clock, random, logger, lag }: Surroundings): App {
  const announcer = new Announcer((error) => logger.error({ err: error }, 'A listener failed'));
  announcer.listen(createEventLog(logger));
  const means: Means = { clock, random, announcer, logger };
  const latencies = new Latencies(clock);
  const underWay = { requests: 0 };
  announcer.listen((event) => latencies.hear(event));
  const upstreams = createUpstreams(config, means);
  const alerts = createOperatorAlerts(config, means);
  const overload = new Overload({ lag: lag ?? measureLag(), clock, announcer });
  const drain: Drain = { begun: false, refusing: false };
  const status: StatusSource = {
    stats: () => readStats({ ...upstreams, latencies, clock }),
    notReady: () => whyNotReady(drain, upstreams.availability),
  };
  const balancer = createBalancer(config, upstreams, { drain, overload }, means);
  const handler = createHandler(config, { balancer, status, underWay }, means);
  const entrance = createEntrance(config, { clock, logger }, handler);
  const metrics = createMetrics({
    ...upstreams,
    announcer,
    alertKinds: ALERT_KINDS,
    inFlight: () => underWay.requests,
  });
  return {
    metrics,
    async start() {
      const address = await entrance.listen();
      upstreams.health?.start();
      upstreams.memory?.start();
      overload.start();
      return address;
    },
    async stop() {
      drain.begun = true;
      if (config.shutdownDelayMs > 0)
        await new Promise<void>((done) => clock.after(config.shutdownDelayMs, done));
      drain.refusing = true;
      balancer.tunnels.leave();
      const cut = await entrance.drain(config.shutdownTimeoutMs);
      upstreams.health?.stop();
      upstreams.memory?.stop();
      overload.stop();
      upstreams.pools.closeAll();
      await alerts.drain(LAST_ALERTS_MS);
      return cut;
    },
  };
}

function createOperatorAlerts(config: Config, { announcer, clock, logger }: Means): Alerts {
  const { slackWebhookUrl, slackCooldownMs: cooldownMs, env } = config;
  if (slackWebhookUrl === undefined) logger.warn('No SLACK_WEBHOOK_URL: alerts go to the log only');
  const notifier = slackWebhookUrl === undefined ? undefined : notifiers.slack(slackWebhookUrl);
  return createAlerts({ announcer, notifier, clock, cooldownMs, hostname: hostname(), env });
}

function whyNotReady(drain: Drain, availability: Availability): string | undefined {
  if (drain.begun) return 'draining';
  const usable = availability.usable('primary').length + availability.usable('fallback').length;
  return usable > 0 ? undefined : 'no upstream is usable';
}
