/** Sends one alert by one notifier, within its time. */

import type { Clock } from '../clock.ts';
import { type Alert, type NamedNotifier, NotificationFailed } from './notifier.ts';

/**
 * Long for a webhook: one that has taken the alert and only answers late is sent it again, since that it has taken it
 * can't be known.
 */
const SEND_TIMEOUT_MS = 10_000;

/** Never rejects: resolves to why it was not sent, or to undefined when it was. `stop` ends the attempt. */
export function send(
  notifier: NamedNotifier,
  alert: Alert,
  clock: Clock,
  stop?: AbortSignal,
): Promise<NotificationFailed | undefined> {
  const controller = new AbortController();
  return new Promise((resolve) => {
    const end = (problem: string) => {
      finished();
      resolve(new NotificationFailed(problem));
      controller.abort();
    };
    const cancel = clock.after(SEND_TIMEOUT_MS, () => end(`no answer within ${SEND_TIMEOUT_MS / 1_000} s`));
    const stopped = () => end('its settings were changed meanwhile');
    stop?.addEventListener('abort', stopped);
    const finished = () => {
      cancel();
      stop?.removeEventListener('abort', stopped);
    };
    // A notifier that throws at once is caught, too.
    const sending = (async () => notifier.send(alert, controller.signal))();
    sending.then(
      () => resolve(undefined),
      (error: unknown) => resolve(asFailure(error)),
    );
    sending.then(finished, finished);
  });
}

/** Only NotificationFailed promises a message without secrets. */
function asFailure(error: unknown): NotificationFailed {
  return error instanceof NotificationFailed ? error : new NotificationFailed('the notifier itself failed');
}
