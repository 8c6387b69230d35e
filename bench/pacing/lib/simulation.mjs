// A daemon in front of limiters, on a clock of its own: Poisson arrivals, a queue in order of arrival in which each
// waits a second at most, a timer that wakes it late, and answers that take their time.
import { EventQueue } from './event-queue.mjs';

const MAX_WAIT_MS = 1000;
const MAX_QUEUE = 1000;
/** Node's timers are late by up to this. */
const TIMER_LATE_MS = 1.2;

/**
 * @param upstreams [{ limiter, controller }]
 * @param offered calls a second, of the time in ms
 * @param mix [{ share, method }]
 * @param onCall told of each attempt that came back, for figures: (upstreamIndex, method, accepted, atMs)
 * @param at [[ms, run]]: what changes during the run
 */
export function simulate({ seconds, at = [], ...daemon }) {
  const time = new Time();
  for (const [ms, run] of at) time.add(ms, run);
  startDaemon({ time, ...daemon });
  time.runUntil(seconds * 1000);
}

/** What happens, in its order; `nowMs` is when. */
export class Time {
  #events = new EventQueue();
  nowMs = 0;

  add(atMs, run) {
    this.#events.add(atMs, run);
  }

  runUntil(endMs) {
    while (this.#events.size > 0) {
      const event = this.#events.take();
      if (event.at > endMs) break;
      this.nowMs = event.at;
      event.run();
    }
  }
}

/**
 * One of the daemons that share a time.
 * @returns { waiting }: how many requests wait
 */
export function startDaemon({
  time,
  upstreams,
  offered,
  mix,
  random,
  rttMs = 50,
  serviceShare = 0.2,
  onEvent,
}) {
  const queue = [];
  let head = 0;
  let wakeAtMs = Infinity;

  const pick = () => {
    let left = random();
    for (const entry of mix) {
      left -= entry.share;
      if (left < 0) return entry;
    }
    return mix[mix.length - 1];
  };
  const jittered = (ms) => ms * (0.9 - 0.1 * Math.log(1 - random()));

  const send = (request, index) => {
    const { limiter, controller } = upstreams[index];
    const sentMs = time.nowMs;
    request.tried |= 1 << index;
    controller.sent(1, sentMs);
    onEvent('sent', index, request, time.nowMs);
    const wayMs = (jittered(rttMs) * (1 - serviceShare)) / 2;
    later(wayMs, () => {
      const verdict = limiter.arrives(request.kind.method, time.nowMs);
      const serviceMs = verdict.accepted ? jittered(rttMs * serviceShare) : 0;
      if (verdict.accepted) onEvent('accepted', index, request, time.nowMs);
      else onEvent('refused', index, request, time.nowMs);
      time.add(time.nowMs + serviceMs, () => {
        if (verdict.accepted) limiter.leaves?.(request.kind.method, time.nowMs);
        time.add(time.nowMs + wayMs, () => {
          if (verdict.headers !== undefined) controller.told?.(verdict.headers(time.nowMs), time.nowMs);
          if (verdict.accepted) {
            controller.answered(1, sentMs, time.nowMs);
            onEvent('good', index, request, time.nowMs);
          } else {
            controller.refused(1, sentMs, time.nowMs, verdict.restMs);
            if (!place(request)) park(request);
          }
          pump();
        });
      });
    });
  };

  /** At once where nothing is on the way, as for the oracle. */
  const later = (ms, run) => (ms === 0 ? run() : time.add(time.nowMs + ms, run));

  /** In shuffled order: the first that has room and was not asked yet. */
  const place = (request) => {
    const n = upstreams.length;
    let start = n === 1 ? 0 : Math.floor(random() * n);
    const step = n === 5 ? 1 + Math.floor(random() * 4) : 1;
    for (let i = 0; i < n; i += 1) {
      const index = start;
      start = (start + step) % n;
      if (request.tried & (1 << index)) continue;
      if (upstreams[index].controller.freeAtMs(time.nowMs, request.kind.method) <= time.nowMs) {
        send(request, index);
        return true;
      }
    }
    return false;
  };

  const park = (request) => {
    const isSpent = request.tried === (1 << upstreams.length) - 1;
    if (isSpent || queue.length - head >= MAX_QUEUE) return onEvent('failed', -1, request, time.nowMs);
    queue.push(request);
  };

  const pump = () => {
    while (head < queue.length) {
      const request = queue[head];
      if (request.arrivedMs + MAX_WAIT_MS < time.nowMs) onEvent('failed', -1, request, time.nowMs);
      else if (!place(request)) break;
      head += 1;
    }
    // Those behind the first may try others than the first has left.
    if (upstreams.length > 1) {
      for (let i = head + 1; i < queue.length && i < head + 20; i += 1) {
        if (queue[i].tried !== queue[head].tried && place(queue[i])) queue.splice(i--, 1);
      }
    }
    if (head > 5000) {
      queue.splice(0, head);
      head = 0;
    }
    if (head === queue.length) return;
    let freeMs = Infinity;
    for (const [index, { controller }] of upstreams.entries()) {
      if (queue[head].tried & (1 << index)) continue;
      freeMs = Math.min(freeMs, controller.freeAtMs(time.nowMs, queue[head].kind.method));
    }
    wake(Math.max(time.nowMs, Math.min(freeMs, queue[head].arrivedMs + MAX_WAIT_MS + 0.01)));
  };

  const wake = (atMs) => {
    const lateMs = atMs + random() * TIMER_LATE_MS;
    if (wakeAtMs > time.nowMs && wakeAtMs <= lateMs) return;
    wakeAtMs = lateMs;
    time.add(lateMs, () => {
      if (wakeAtMs !== lateMs) return;
      wakeAtMs = Infinity;
      pump();
    });
  };

  const arrive = () => {
    const request = { arrivedMs: time.nowMs, kind: pick(), tried: 0 };
    onEvent('arrived', -1, request, time.nowMs);
    if (head < queue.length || !place(request)) park(request);
    pump();
    time.add(time.nowMs - (Math.log(1 - random()) * 1000) / offered(time.nowMs), arrive);
  };

  time.add(0, arrive);
  return {
    get waiting() {
      return queue.length - head;
    },
  };
}
