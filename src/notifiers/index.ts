import type { Notifier } from './notifier.ts';
import { createSlackNotifier } from './slack.ts';

/** All ways to reach the operators, each made from its webhook's URL. A new one is one file and one line here. */
export const notifiers = {
  slack: createSlackNotifier,
} as const satisfies Record<string, (webhookUrl: string) => Notifier>;

export type NotifierName = keyof typeof notifiers;
