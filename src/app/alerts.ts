/** Builds the alerts to the operators by the settings. */

import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { type AlertSettings, type Alerts, createAlerts } from '../notifiers/alerts.ts';
import type { Claims } from '../notifiers/claims.ts';
import { createNotifiers, notifiers as kinds } from '../notifiers/index.ts';
import { NO_PROXIES } from '../notifiers/notifier.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { Runtime } from '../runtime.ts';

export interface AlertsContext {
  /** Those in force. */
  readonly pools: () => PoolTable;
  /** Where replicas share alerts. */
  readonly claims: Claims | undefined;
}

export function createOperatorAlerts(
  config: Config,
  runtime: Runtime,
  { pools, claims }: AlertsContext,
): Alerts {
  const { announcer, clock, random, logger } = runtime;
  const settings = alertSettingsOf(config, clock);
  const names = Object.values(kinds).map(({ setting }) => setting.name);
  if (settings.notifiers.length === 0) logger.warn(`No ${names.join(' or ')}: no alerts are sent`);
  return createAlerts({
    ...settings,
    ...{ announcer, clock, random, hostname: hostname(), env: config.env, claims },
    drained: (identity) => {
      const pool = pools().all.find((each) => each.identity === identity);
      return pool?.registry.all.flatMap((upstream) => (upstream.draining ? upstream.identity : [])) ?? [];
    },
  });
}

export function alertSettingsOf(config: Config, clock: Clock): AlertSettings {
  return {
    notifiers: createNotifiers(config, kinds, config.proxies ?? NO_PROXIES, clock),
    cooldownMs: config.slackCooldownMs,
    link: config.publicAdminUrl,
  };
}
