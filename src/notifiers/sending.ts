/** Sends one alert by one notifier, within its time. */

import type { Clock } from '../clock.ts';
import { type Alert, type NamedNotifier, NotificationFailed } from './notifier.ts';

/**
 * Long for a webhook: one that has taken the alert and only answers late is sent it again, since that it has taken it
 * can't be known.
 */
const SEND_TIMEOUT_MS = 10_000;

/** Never rejects: resolves to why it was not sent, or to undefined when it was. */
export function send(
  notifier: NamedNotifier,
  alert: Alert,
  clock: Clock,
): Promise<NotificationFailed | undefined> {
  const controller = new AbortController();
  return new Promise((resolve) => {
    const cancel = clock.after(SEND_TIMEOUT_MS, () => {
      resolve(new NotificationFailed(`no answer within ${SEND_TIMEOUT_MS / 1_000} s`));
      controller.abort();
    });
    // A notifier that throws at once is caught, too.
    const sending = (async () => notifier.send(alert, controller.signal))();
    sending.then(
      () => resolve(undefined),
      (error: unknown) => resolve(asFailure(error)),
    );
    sending.then(cancel, cancel);
  });
}

/** Only NotificationFailed promises a message without secrets. */
function asFailure(error: unknown): NotificationFailed {
  return error instanceof NotificationFailed ? error : new NotificationFailed('the notifier itself failed');
}
