/**
 * All ways to reach the operators, by the key that the setting of each has in the Config (its name in camelCase): a new
 * one is one file and one line here.
 */

import type { NamedNotifier, NotifierKind } from './notifier.ts';
import { slack } from './slack.ts';

export const notifiers = {
  slackWebhookUrl: slack,
} as const satisfies Record<string, NotifierKind>;

/** The notifiers whose webhook has a URL. */
export function createNotifiers<Key extends string>(
  urls: Readonly<Record<NoInfer<Key>, string | undefined>>,
  kinds: Readonly<Record<Key, NotifierKind>>,
): NamedNotifier[] {
  const created: NamedNotifier[] = [];
  for (const key in kinds) {
    const { name, create } = kinds[key];
    const url = urls[key];
    if (url !== undefined) created.push({ ...create(url), name });
  }
  return created;
}

/** The names of the notifiers whose webhook has a URL. */
export function notifierNames<Key extends string>(
  urls: Readonly<Record<NoInfer<Key>, string | undefined>>,
  kinds: Readonly<Record<Key, NotifierKind>>,
): string[] {
  const names: string[] = [];
  for (const key in kinds) if (urls[key] !== undefined) names.push(kinds[key].name);
  return names;
}
