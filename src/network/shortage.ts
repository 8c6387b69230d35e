import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';

/** What the machine has run out of, by the system's error codes. It says nothing of the server at the other end. */
const WHAT_RAN_OUT: Readonly<Record<string, string>> = {
  EMFILE: 'file descriptors of this process: raise its limit (ulimit -n, LimitNOFILE, --ulimit nofile)',
  ENFILE: 'file descriptors of the machine: raise fs.file-max',
  EADDRNOTAVAIL: 'local ports: widen net.ipv4.ip_local_port_range',
  ENOBUFS: 'memory for sockets',
  ENOMEM: 'memory',
};

/** What ran out and what helps, where a code means that something did. */
export function whatRanOut(code: string): string | undefined {
  return WHAT_RAN_OUT[code];
}

/**
 * The system's error when no descriptor is to be had at the moment. Whatever failed just now may have failed for
 * it: c-ares, for one, does not say so.
 */
export function shortageNow(): Error | undefined {
  try {
    closeSync(openSync(devNull, 'r'));
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return error instanceof Error && whatRanOut(`${code}`) !== undefined ? error : undefined;
  }
}

/** Announced no more often than this: under load it happens thousands of times a second. */
const PAUSE_MS = 60_000;

/** Tells operators what ran out, once a minute for each thing. */
export class Shortages {
  readonly #clock: Clock;
  readonly #announcer: Announcer;
  readonly #toldMs = new Map<string, number>();

  constructor(clock: Clock, announcer: Announcer) {
    this.#clock = clock;
    this.#announcer = announcer;
  }

  /** Does nothing for a code that means no shortage. */
  note(code: string): void {
    const what = whatRanOut(code);
    const nowMs = this.#clock.monotonicMs();
    if (what === undefined || nowMs < (this.#toldMs.get(code) ?? Number.NEGATIVE_INFINITY) + PAUSE_MS) return;
    this.#toldMs.set(code, nowMs);
    this.#announcer.announce({ type: 'shortage', code, what });
  }
}

/** Of files, log, listeners and checks. */
const DESCRIPTORS_BESIDES = 100;

/**
 * What to say where the process may open fewer descriptors than so many clients need: each takes one, and one more
 * for its upstream. Undefined where they suffice, or where the system does not tell.
 */
export function descriptorWarning(maxConnections: number, limit = descriptorLimit()): string | undefined {
  const needed = 2 * maxConnections + DESCRIPTORS_BESIDES;
  if (limit === undefined || limit >= needed) return undefined;
  const fitting = Math.max(1, Math.floor((limit - DESCRIPTORS_BESIDES) / 2));
  return (
    `MAX_CONNECTIONS=${maxConnections} may need ${needed} file descriptors, and this process may open ${limit}: ` +
    `raise the limit to ${needed} (ulimit -n ${needed}), or set MAX_CONNECTIONS=${fitting}`
  );
}

/** Node itself has raised the soft limit to the hard one by now. */
function descriptorLimit(): number | undefined {
  try {
    const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}
