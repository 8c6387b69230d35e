import { notifiers } from '../notifiers/index.ts';
import type { NotifierKind } from '../notifiers/notifier.ts';
import { setting, unset } from './documentation.ts';
import { webhook } from './kinds.ts';

/** The settings that the notifiers bring along: a part of the one table. */

export const notifierSettings = rowsOf(notifiers);

/** A row for each of these notifiers, under its key. */
export function rowsOf<Key extends string>(kinds: Readonly<Record<Key, NotifierKind>>) {
  const rows = Object.entries<NotifierKind>(kinds).map(([key, kind]) => [key, rowOf(kind)] as const);
  // `fromEntries` forgets which keys there are.
  return Object.fromEntries(rows) as Record<Key, ReturnType<typeof rowOf>>;
}

function rowOf({ setting: { name, doc } }: NotifierKind) {
  return setting(unset(webhook()), { name, doc, secret: 'url' });
}
