/** What the program announces of itself: of its settings, of the machine and of alerts. */

import type { PoolIdentity, Severity } from './event-words.ts';

export type ProcessEvent =
  | {
      /** The files were read anew. The names are those of settings. */
      readonly type: 'settings-reloaded';
      readonly changed: readonly string[];
      /** What takes effect only when the process starts anew. */
      readonly restart: readonly string[];
      /** What operators had changed at run time, and the files have changed back. */
      readonly replaced: readonly string[];
    }
  | {
      readonly type: 'pool-added' | 'pool-removed';
      readonly pool: PoolIdentity;
      readonly name: string;
    }
  | {
      /** The files were read anew and something is wrong in them: nothing has changed. */
      readonly type: 'reload-refused';
      /** A line each, without secrets. */
      readonly problems: readonly string[];
    }
  | {
      /** The process can't keep up: new requests are refused from now on. */
      readonly type: 'overload-began';
      /** By how much the event loop runs late. */
      readonly lagMs: number;
    }
  | {
      readonly type: 'overload-ended';
      readonly durationMs: number;
    }
  | {
      /** The machine itself is short of something. Once a minute at most for each thing. */
      readonly type: 'shortage';
      /** The system's error. */
      readonly code: string;
      /** What ran out, and what helps. */
      readonly what: string;
    }
  | {
      /** A host name can't be looked up any more: its last known addresses go on serving. Or it can be again. */
      readonly type: 'name-lost' | 'name-found';
      readonly host: string;
    }
  | {
      readonly type: 'alert-sent';
      /** By which notifier. */
      readonly notifier: string;
      readonly kind: string;
      readonly severity: Severity;
    }
  | {
      /** A notifier begins to fail: the alert is tried again, unless `alert-lost` follows. */
      readonly type: 'alert-failed';
      readonly notifier: string;
      readonly kind: string;
      readonly severity: Severity;
      /** What went wrong, without the webhook's address. */
      readonly problem: string;
    }
  | {
      /** An alert was given up, or dropped. */
      readonly type: 'alert-lost';
      readonly notifier: string;
      readonly kind: string;
      /** Undefined where no message could be written. */
      readonly severity: Severity | undefined;
      readonly problem: string;
    }
  | {
      /** A notifier works again. */
      readonly type: 'alerts-resumed';
      readonly notifier: string;
      readonly failingMs: number;
    };
