/** Recognizes and announces that this machine has run out of something, such as file descriptors. */

import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';

/** What has run out, by the system's error codes. They say nothing about the server at the other end. */
const WHAT_RAN_OUT: Readonly<Record<string, string>> = {
  EMFILE: 'file descriptors of this process: raise its limit (ulimit -n, LimitNOFILE, --ulimit nofile)',
  ENFILE: 'file descriptors of the machine: raise fs.file-max',
  EADDRNOTAVAIL: 'local ports: widen net.ipv4.ip_local_port_range',
  ENOBUFS: 'memory for sockets',
  ENOMEM: 'memory',
};

/** What ran out and what helps; undefined for a code that means no shortage. */
export function whatRanOut(code: string): string | undefined {
  return WHAT_RAN_OUT[code];
}

/**
 * The system's error when no descriptor is available at the moment. A failure of this moment may have that cause
 * without saying so, as in c-ares.
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

/** Under load a shortage happens thousands of times a second. */
const ANNOUNCEMENT_INTERVAL_MS = 60_000;

/** Announces what ran out, at most once a minute for each code. */
export class Shortages {
  readonly #clock: Clock;
  readonly #announcer: Announcer;
  readonly #announcedMs = new Map<string, number>();

  constructor(clock: Clock, announcer: Announcer) {
    this.#clock = clock;
    this.#announcer = announcer;
  }

  /** Does nothing for a code that means no shortage. */
  note(code: string): void {
    const what = whatRanOut(code);
    const nowMs = this.#clock.monotonicMs();
    if (
      what === undefined ||
      nowMs < (this.#announcedMs.get(code) ?? Number.NEGATIVE_INFINITY) + ANNOUNCEMENT_INTERVAL_MS
    )
      return;
    this.#announcedMs.set(code, nowMs);
    this.#announcer.announce({ type: 'shortage', code, what });
  }
}

/** For files, log, listeners and health checks. */
const RESERVED_DESCRIPTORS = 100;

/** The clients' share of the others. The rest is for upstreams, as idle clients could otherwise block all requests. */
const CLIENT_SHARE = 2 / 3;

/** How many of `wanted` client connections are possible, leaving descriptors for upstreams. */
export function fittingConnections(wanted: number, limit: number | undefined = descriptorLimit()): number {
  if (limit === undefined) return wanted;
  return Math.max(1, Math.min(wanted, Math.floor((limit - RESERVED_DESCRIPTORS) * CLIENT_SHARE)));
}

/**
 * A warning when fewer fit than are wanted by so many processes together. Undefined when all do, or when the limit is
 * unknown.
 */
export function descriptorWarning(
  wanted: number,
  processes = 1,
  limit = descriptorLimit(),
): string | undefined {
  const part = Math.ceil(wanted / processes);
  const fittingPart = fittingConnections(part, limit);
  if (fittingPart === part) return undefined;
  const fitting = fittingPart * processes;
  const needed = Math.ceil(part / CLIENT_SHARE) + RESERVED_DESCRIPTORS;
  return (
    `MAX_CONNECTIONS=${wanted} is held to ${fitting}, for this process may open ${limit} file descriptors and ` +
    `upstreams need some of them: raise the limit to ${needed} (ulimit -n ${needed})`
  );
}

/** Node itself has already raised the soft limit to the hard one. */
function descriptorLimit(): number | undefined {
  try {
    const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}
