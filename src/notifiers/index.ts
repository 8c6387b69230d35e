/**
 * All ways to reach the operators, by the key that the setting of each has in the Config (its name in camelCase): a new
 * one is one file and one line here.
 */

import type { Clock } from '../clock.ts';
import type { NamedNotifier, NotifierKind, Proxies } from './notifier.ts';
import { slack } from './slack.ts';
import { webhook } from './webhook.ts';

export const notifiers = {
  slackWebhookUrl: slack,
  webhookUrl: webhook,
} as const satisfies Record<string, NotifierKind>;

/** The notifiers whose webhook has a URL. */
export function createNotifiers<Key extends string>(
  urls: Readonly<Record<NoInfer<Key>, string | undefined>>,
  kinds: Readonly<Record<Key, NotifierKind>>,
  proxies: Proxies,
  clock: Clock,
): NamedNotifier[] {
  const created: NamedNotifier[] = [];
  for (const key in kinds) {
    const { name, create } = kinds[key];
    const url = urls[key];
    if (url !== undefined)
      created.push({ ...create(url, clock, proxies), name, settings: JSON.stringify([url, proxies]) });
  }
  return created;
}
