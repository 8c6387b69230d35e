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

/** Of what is left, so much is for clients; the rest is for upstreams, or idle clients could keep all from being served. */
const SHARE_OF_CLIENTS = 2 / 3;

/** How many clients may be connected at once, of the `wanted` ones: no more than leave descriptors for upstreams. */
export function fittingConnections(wanted: number, limit: number | undefined = descriptorLimit()): number {
  if (limit === undefined) return wanted;
  return Math.max(1, Math.min(wanted, Math.floor((limit - DESCRIPTORS_BESIDES) * SHARE_OF_CLIENTS)));
}

/** What to say where fewer fit than are wanted. Undefined where all do, or where the system does not tell. */
export function descriptorWarning(wanted: number, limit = descriptorLimit()): string | undefined {
  const fitting = fittingConnections(wanted, limit);
  if (fitting === wanted) return undefined;
  const needed = Math.ceil(wanted / SHARE_OF_CLIENTS) + DESCRIPTORS_BESIDES;
  return (
    `MAX_CONNECTIONS=${wanted} is held to ${fitting}, for this process may open ${limit} file descriptors and ` +
    `upstreams need some of them: raise the limit to ${needed} (ulimit -n ${needed})`
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
