/** What the live page is told of an event beside its sentence: which repeats are one, and whether an upstream is left out. */

import { isBriefQuarantine } from '../../event-sentences.ts';
import type { Event } from '../../events.ts';

/** An upstream is left out for seconds only (`brief`), for longer or for an unknown time (`long`), or no longer (`over`). */
export type Out = 'brief' | 'long' | 'over';

/** Names of methods are of any length: longer ones are told apart by their beginning alone. */
const LONGEST_METHOD = 100;

/** Undefined for an event that leaves no upstream out, such as a method that it gets no more calls of. */
export function outOf(event: Event): Out | undefined {
  switch (event.type) {
    case 'upstream-quarantined':
      if (event.method !== undefined) return undefined;
      return isBriefQuarantine(event) ? 'brief' : 'long';
    case 'upstream-down':
      return 'long';
    case 'upstream-released':
    case 'upstream-up':
      return 'over';
    case 'upstream-changed':
      if (event.changed !== undefined && !event.changed.includes('draining')) return undefined;
      return event.draining ? 'long' : 'over';
    default:
      return undefined;
  }
}

/** The same for events that say the same of the same upstream; undefined for one that is told by itself each time. */
export function repeatKeyOf(event: Event): string | undefined {
  switch (event.type) {
    case 'upstream-quarantined': {
      const { upstream, reason, method = '', inQuestion = false } = event;
      return keyOf(event, [
        upstream.name,
        reason,
        method.slice(0, LONGEST_METHOD),
        inQuestion,
        isBriefQuarantine(event),
      ]);
    }
    case 'upstream-released':
      return event.by === 'operator' ? undefined : keyOf(event, [event.upstream.name, event.by]);
    case 'upstream-slow':
      return keyOf(event, [event.upstream.name, event.reason, event.calls]);
    case 'upstream-quick':
      return keyOf(event, [event.upstream.name, event.calls]);
    case 'upstream-lagging':
    case 'upstream-caught-up':
      return keyOf(event, [event.upstream.name]);
    default:
      return undefined;
  }
}

function keyOf({ type }: Event, what: readonly unknown[]): string {
  return JSON.stringify([type, ...what]);
}
