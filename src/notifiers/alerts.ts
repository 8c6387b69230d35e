/** Turns what the program announces into alerts for the operators. */

import type { Clock } from '../clock.ts';
import { type Announcer, type Event, type PoolIdentity, poolOf, type UpstreamIdentity } from '../events.ts';
import type { Random } from '../random.ts';
import { AlertDetector } from './alert-detector.ts';
import { Claim, type Claims } from './claims.ts';
import { Messages, testAlert } from './messages.ts';
import type { NamedNotifier } from './notifier.ts';
import { Outboxes, type TestResult } from './outboxes.ts';

export interface AlertSettings {
  /** Each gets every alert. Without any, no alerts are sent. Their names are unique. */
  readonly notifiers: readonly NamedNotifier[];
  /** The same alert is not sent again within this many milliseconds. */
  readonly cooldownMs: number;
  /** Where operators find the page of the admin port. */
  readonly link: string | undefined;
}

export interface AlertsOptions extends AlertSettings {
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly random: Random;
  /** This machine's name: tells the operators which replica sends the alert. */
  readonly hostname: string;
  readonly env: string | undefined;
  /** The upstreams of a pool that an operator has drained, at this moment. */
  readonly drained: (pool: PoolIdentity) => readonly UpstreamIdentity[];
  /** Where replicas share alerts. */
  readonly claims?: Claims | undefined;
}

export interface Alerts {
  /** The names of the notifiers that are set up. */
  readonly notifiers: readonly string[];
  /** From the next attempt on. A notifier that is gone tries once more what it still has to send. */
  reconfigure(settings: AlertSettings): void;
  /** Sends a test message by each notifier, once, at once. Never rejects; takes ten seconds at most. */
  test(): Promise<readonly TestResult[]>;
  /** For the shutdown: waits until all alerts are sent or given up, at most `timeoutMs`. Never rejects. */
  drain(timeoutMs: number): Promise<void>;
}

/** Starts listening to `announcer`. */
export function createAlerts(options: AlertsOptions): Alerts {
  const { announcer, clock, random, hostname, env, drained, claims, ...first } = options;
  const cooldown = { ms: first.cooldownMs };
  const origin = { place: env ? `${hostname}, ${env}` : hostname, link: first.link };
  const outboxes = new Outboxes({ announcer, clock, random });
  outboxes.use(first.notifiers);
  const detectors = new Detectors(
    (pool) =>
      new AlertDetector({
        clock,
        cooldown,
        outlet: outboxes,
        messages: new Messages(origin, pool),
        drained: () => drained(pool),
        claimOf: (about) => claims && new Claim(claims, `${pool.name}:${about}`, { clock, cooldown }),
      }),
  );
  announcer.listen((event) => {
    if (!outboxes.areNone) detectors.hear(event);
  });
  return {
    get notifiers() {
      return outboxes.names;
    },
    reconfigure({ notifiers, cooldownMs, link }) {
      cooldown.ms = cooldownMs;
      origin.link = link;
      outboxes.use(notifiers);
      detectors.tryAgain();
    },
    test: () => outboxes.test(testAlert(origin, clock.wallMs())),
    async drain(timeoutMs) {
      detectors.flush();
      await outboxes.drain(timeoutMs);
    },
  };
}

/** By pool: an outage of one is none of the others. */
class Detectors {
  readonly #create: (pool: PoolIdentity) => AlertDetector;
  readonly #all = new WeakMap<PoolIdentity, AlertDetector>();
  /** Of the pools that are there. */
  readonly #present = new Set<AlertDetector>();

  constructor(create: (pool: PoolIdentity) => AlertDetector) {
    this.#create = create;
  }

  hear(event: Event): void {
    const pool = poolOf(event);
    if (!pool) return;
    let detector = this.#all.get(pool);
    if (!detector) {
      detector = this.#create(pool);
      this.#all.set(pool, detector);
      this.#present.add(detector);
    }
    // The pool was removed: what its last requests show would never be over.
    if (!this.#present.has(detector)) return;
    detector.hear(event);
    if (event.type === 'pool-removed') this.#present.delete(detector);
  }

  flush(): void {
    for (const detector of this.#present) detector.flush();
  }

  tryAgain(): void {
    for (const detector of this.#present) detector.tryAgain();
  }
}
