/** Shares who is quarantined, and which methods are banned where. */

import { type Announcer, FAILURE_REASONS, type FailureReason } from '../events.ts';
import type { KnownEntry } from '../upstreams/quarantine-store.ts';
import type { FactTable, News } from './fact-table.ts';
import type { KnownUpstream, KnownUpstreams } from './known-upstreams.ts';

/** An end that has moved by less is no news. */
const NOTABLE_MS = 500;
/** More doublings make no difference. */
const MAX_DOUBLINGS = 64;
/** More bans than this at a time are not told: clients can invent methods without end, and each machine may learn by itself. */
const MAX_BANS = 1_000;

export interface QuarantineFactsDependencies {
  readonly table: FactTable;
  readonly upstreams: KnownUpstreams;
  readonly announcer: Announcer;
  /** In monotonic milliseconds. */
  readonly nowMs: () => number;
}

/**
 * Told is what is certain: one that is in question is left out here alone, until its own question is answered. What
 * another process tells is taken over without an event: it was announced where it happened.
 */
export function shareQuarantines({ table, upstreams, announcer, nowMs }: QuarantineFactsDependencies): void {
  announcer.listen((event) => {
    switch (event.type) {
      case 'upstream-quarantined':
      case 'quarantine-extended':
      case 'upstream-released': {
        const known = upstreams.of(event.upstream);
        if (known) tell(known, 'method' in event ? event.method : undefined);
        break;
      }
      case 'upstream-removed': {
        const known = upstreams.of(event.upstream);
        if (known && event.cause === 'operator') forget(known);
        break;
      }
      default:
    }
  });

  const tell = (known: KnownUpstream, method: string | undefined): void => {
    const key = factKey(known.key, method);
    const entry = known.pool.quarantine.certainEntryOf(known.upstream, method);
    if (!entry) {
      table.end(key);
      return;
    }
    const leftMs = entry.untilMs - nowMs();
    const told = table.newsOf(key);
    // So is what was taken over from another process, and announced by it.
    if (told && Math.abs((told.leftMs ?? 0) - leftMs) < NOTABLE_MS) return;
    if (method !== undefined && !told && table.countOf('ban') >= MAX_BANS) return;
    const { reason, mayTry, doublings } = entry;
    table.put(key, { reason, mayTry, doublings }, leftMs);
  };

  /** If it is added again, it starts as a new one. */
  const forget = ({ key }: KnownUpstream): void => {
    table.end(factKey(key, undefined));
    for (const subject of table.current('ban').keys())
      if (splitSubject(subject)[0] === key) table.end(`ban ${subject}`);
  };

  const adopt = ({ pool, upstream }: KnownUpstream, method: string | undefined, news: News): void => {
    const entry = readEntry(news.value);
    if (entry && news.leftMs !== null) pool.quarantine.adopt(upstream, method, entry, news.leftMs);
    else pool.quarantine.adoptEnd(upstream, method);
  };

  upstreams.onJoin((known) => {
    const out = table.newsOf(factKey(known.key, undefined));
    if (out) adopt(known, undefined, out);
    for (const [subject] of table.current('ban')) {
      const [key, method] = splitSubject(subject);
      const ban = key === known.key ? table.newsOf(`ban ${subject}`) : undefined;
      if (ban) adopt(known, method, ban);
    }
  });
  table.read('out', (news) => {
    const known = upstreams.find(news.subject);
    if (known) adopt(known, undefined, news);
  });
  table.read('ban', (news) => {
    const [key, method] = splitSubject(news.subject);
    const known = upstreams.find(key);
    if (known) adopt(known, method, news);
  });
}

function factKey(upstream: string, method: string | undefined): string {
  return method === undefined ? `out ${upstream}` : `ban ${upstream} ${method}`;
}

/** A method may have blanks in it. */
function splitSubject(subject: string): readonly [key: string, method: string] {
  const end = subject.indexOf(' ');
  return [subject.slice(0, end), subject.slice(end + 1)];
}

/** Undefined when it is over, or is none. */
function readEntry(value: object | undefined): KnownEntry | undefined {
  const { reason, mayTry, doublings }: Partial<Record<keyof KnownEntry, unknown>> = value ?? {};
  if (!isReason(reason) || typeof mayTry !== 'boolean') return undefined;
  if (typeof doublings !== 'number' || !Number.isInteger(doublings) || doublings < 0) return undefined;
  return { reason, mayTry, doublings: Math.min(doublings, MAX_DOUBLINGS) };
}

function isReason(reason: unknown): reason is FailureReason {
  return FAILURE_REASONS.some((known) => known === reason);
}
