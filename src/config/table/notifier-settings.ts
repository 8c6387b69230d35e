/** The rows of the settings' table that the notifiers bring along. */

import { notifiers } from '../../notifiers/index.ts';
import type { NotifierKind } from '../../notifiers/notifier.ts';
import { optional, setting } from './setting-definition.ts';
import { webhook } from './value-types.ts';

export const notifierSettings = rowsOf(notifiers);

/** The keys of an object literal. */
export const notifierKeys = Object.keys(notifiers) as (keyof typeof notifiers)[];

/** A row for each notifier, under its key. */
export function rowsOf<Key extends string>(kinds: Readonly<Record<Key, NotifierKind>>) {
  const rows = Object.entries<NotifierKind>(kinds).map(([key, kind]) => [key, rowOf(kind)] as const);
  // `fromEntries` loses the types of the keys.
  return Object.fromEntries(rows) as Record<Key, ReturnType<typeof rowOf>>;
}

function rowOf({ setting: { name, doc } }: NotifierKind) {
  return setting(optional(webhook()), { name, doc, secret: 'url' });
}
