/** What the process as a whole takes from clients: limits of their requests, and when it takes none. */

import type { AnswerCode } from '../errors.ts';
import type { OpenTunnels } from '../tunnels/open-tunnels.ts';
import type { BodyLimits } from './receive.ts';

export interface Intake {
  readonly body: BodyLimits;
  /** Calls in one JSON-RPC batch. */
  readonly maxBatch: number;
  readonly tunnels: OpenTunnels;
  /** Why no new request is taken at the moment. */
  whyNotNow(): AnswerCode | undefined;
}
