/** One kind of trouble that single upstreams have, told in one message for all upstreams of a pool. */

import type { Clock } from '../clock.ts';
import type { DownReason, FailureReason, UpstreamIdentity } from '../events.ts';
import type { Claim, Claimed } from './claims.ts';
import { type Cooldown, Gate } from './gate.ts';
import type { Alert, AlertKind } from './notifier.ts';
import type { OutOfService } from './outages.ts';
import type { Composed, Outlet, Topic, Turn } from './topic.ts';

/** What happens to one upstream happens to others of the same provider in the same moment: that is waited for. */
export const GATHER_MS = 2_000;

type Reason = FailureReason | DownReason;

interface Member {
  readonly reason: Reason;
  /** Completes "NAME …". */
  readonly why: string;
  readonly beganMonotonicMs: number;
  readonly beganWallMs: number;
  /** When the trouble is over by itself, on the monotonic clock; Infinity if somebody says so, or nobody. */
  untilMs: number;
  isTold: boolean;
}

/** What is said of one upstream that joins. */
export interface Trouble {
  readonly reason: Reason;
  readonly why: string;
  /** How long it lasts; undefined: until it leaves. */
  readonly durationMs?: number;
}

/** The facts for a message. */
export interface GroupReport {
  readonly isOver: boolean;
  /** Those that have the trouble, or had it. */
  readonly upstreams: readonly OutOfService[];
  /** How many had it and are well again, or gone, while others are not. */
  readonly recovered: number;
  readonly beganWallMs: number;
  readonly lastedMs: number;
}

export interface GroupOptions {
  readonly kind: AlertKind;
  readonly clock: Clock;
  readonly cooldown: Cooldown;
  readonly outlet: Outlet;
  /** Somebody says when the trouble of an upstream is over: it is repeated until then, and then resolved. */
  readonly hasEnd: boolean;
  readonly write: (report: GroupReport) => Alert;
  /** Where replicas share alerts. */
  readonly claim?: Claim | undefined;
}

/**
 * The first upstream is told of after GATHER_MS, with all that have joined by then. One that joins within the cool-down is
 * told of when that is over; one that joins while a message waits to be delivered is in that message.
 */
export class Group implements Topic {
  readonly kind: AlertKind;
  readonly #options: GroupOptions;
  readonly #gate: Gate;
  readonly #members = new Map<UpstreamIdentity, Member>();
  /** Those that have left since nobody had the trouble. */
  readonly #left = new Map<UpstreamIdentity, Member>();
  #endedMs: number | undefined;
  #isTold = false;
  /** The next message, if one is planned. */
  #plan: { readonly atMs: number; readonly cancel: () => void } | undefined;

  constructor(options: GroupOptions) {
    this.kind = options.kind;
    this.#options = options;
    this.#gate = new Gate(options.clock, options.cooldown, () => options.outlet.holds(this));
  }

  join(upstream: UpstreamIdentity, { reason, why, durationMs }: Trouble): void {
    const { clock } = this.#options;
    this.#forgetPassed();
    if (this.#members.size === 0) {
      this.#left.clear();
      this.#isTold = false;
      this.#endedMs = undefined;
    }
    const nowMs = clock.monotonicMs();
    const before = this.#members.get(upstream);
    this.#left.delete(upstream);
    this.#members.set(upstream, {
      reason,
      why,
      beganMonotonicMs: before?.beganMonotonicMs ?? nowMs,
      beganWallMs: before?.beganWallMs ?? clock.wallMs(),
      untilMs: nowMs + (durationMs ?? Number.POSITIVE_INFINITY),
      isTold: false,
    });
    this.#look();
  }

  /** Its trouble lasts this much longer from now on: nothing to tell. */
  extend(upstream: UpstreamIdentity, durationMs: number): void {
    const member = this.#members.get(upstream);
    if (member) member.untilMs = Math.max(member.untilMs, this.#options.clock.monotonicMs() + durationMs);
  }

  /** Its trouble is over, or it is gone. */
  leave(upstream: UpstreamIdentity): void {
    const member = this.#members.get(upstream);
    if (!member) return;
    this.#members.delete(upstream);
    if (!this.#options.hasEnd) return;
    this.#left.set(upstream, member);
    if (this.#members.size > 0) return;
    this.#endedMs = this.#options.clock.monotonicMs();
    if (this.#isTold || this.#gate.isWaiting) this.#options.outlet.put(this);
  }

  /** All are gone. */
  dissolve(): void {
    for (const upstream of [...this.#members.keys()]) this.leave(upstream);
  }

  compose(): Composed | undefined {
    const { write } = this.#options;
    this.#forgetPassed();
    const told = [...this.#members.values()];
    if (told.length === 0 && this.#left.size === 0) return undefined;
    // Who has told of the trouble tells of its end.
    const turn = this.#members.size === 0 && this.#isTold ? undefined : this.#turn();
    return {
      alert: write(this.#report()),
      turn,
      delivered: () => {
        for (const member of told) member.isTold = true;
        this.#isTold = true;
        this.#gate.delivered();
        if (turn) this.#options.claim?.told();
        this.#look();
      },
    };
  }

  #turn(): Turn | undefined {
    const { claim } = this.#options;
    if (!claim) return undefined;
    return {
      take: async () => {
        const claimed = await claim.take([...this.#members.keys()].map(({ name }) => name));
        if (claimed) this.#isToldElsewhere(claimed);
        return claimed === undefined;
      },
      failed: () => claim.failed(),
    };
  }

  /** Those that it does not tell of are told of when its claim ends. */
  #isToldElsewhere({ subjects, leftMs }: Claimed): void {
    for (const [{ name }, member] of this.#members) if (subjects.includes(name)) member.isTold = true;
    this.#isTold = false;
    this.#gate.deliveredElsewhere(leftMs);
    this.#look();
  }

  /** Not tried again at once, so that a receiver that is gone is not asked for ever. */
  lost(): void {
    this.#gate.lost();
    this.#look();
  }

  /** The notifiers may have been mended: what they have lost is told at once. */
  tryAgain(): void {
    this.#gate.endRest();
    this.#look();
  }

  /** Plans the next message, if there will be something to tell. */
  #look(): void {
    const { clock, hasEnd, outlet } = this.#options;
    const members = [...this.#members.values()];
    const isUntold = members.some(({ isTold }) => !isTold);
    if (this.#gate.isWaiting || !(isUntold || (hasEnd && members.length > 0))) return;
    const delayMs = Math.max(GATHER_MS, this.#gate.coolsForMs, this.#gate.restsForMs);
    const atMs = clock.monotonicMs() + delayMs;
    if (this.#plan && this.#plan.atMs <= atMs) return;
    this.#plan?.cancel();
    const cancel = clock.after(delayMs, () => {
      this.#plan = undefined;
      if (this.#members.size === 0 || this.#gate.isWaiting) return;
      this.#gate.enter();
      outlet.put(this);
    });
    this.#plan = { atMs, cancel };
  }

  /** Tells at once what was to be told later: the process is about to end. */
  flush(): void {
    if (!this.#plan) return;
    this.#plan.cancel();
    this.#plan = undefined;
    const isUntold = [...this.#members.values()].some(({ isTold }) => !isTold);
    if (isUntold && this.#gate.coolsForMs <= 0) {
      this.#gate.enter();
      this.#options.outlet.put(this);
    }
  }

  #report(): GroupReport {
    const { clock } = this.#options;
    const isOver = this.#members.size === 0;
    const shown = isOver ? this.#left : this.#members;
    const members = [...shown.values()];
    const beganMs = Math.min(...members.map(({ beganMonotonicMs }) => beganMonotonicMs));
    return {
      isOver,
      upstreams: [...shown].map(([{ name, tier }, { why, reason }]) => ({ name, tier, why, reason })),
      recovered: isOver ? 0 : this.#left.size,
      beganWallMs: Math.min(...members.map(({ beganWallMs }) => beganWallMs)),
      lastedMs: (this.#endedMs ?? clock.monotonicMs()) - beganMs,
    };
  }

  /** Lets those go whose time is over and who were told of. */
  #forgetPassed(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [upstream, { untilMs, isTold }] of this.#members)
      if (isTold && untilMs <= nowMs) this.#members.delete(upstream);
  }
}
