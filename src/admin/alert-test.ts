/** Tries out whether alerts arrive. */

import type { Alerts } from '../notifiers/alerts.ts';
import { Refusal } from './problems.ts';

/**
 * Sends a test message by each notifier. The result names them; it rejects with a Refusal when there is none, or when a
 * message was not taken.
 */
export function createAlertTest(
  alerts: Pick<Alerts, 'notifiers' | 'test'>,
): () => Promise<{ readonly sent: readonly string[] }> {
  return async () => {
    if (alerts.notifiers.length === 0)
      throw new Refusal('NO_NOTIFIER', 'set SLACK_WEBHOOK_URL or WEBHOOK_URL');
    const results = await alerts.test();
    const failed = results.flatMap(({ notifier, problem }) =>
      problem === undefined ? [] : [`${notifier}: ${problem}`],
    );
    if (failed.length > 0) throw new Refusal('ALERTS_NOT_SENT', failed.join('; '));
    return { sent: results.map(({ notifier }) => notifier) };
  };
}
