/** Budgets that several processes share: what each uses, who gets how much, and what one of them learns of it. */

import type { Clock } from '../clock.ts';
import { readLearnt } from '../pacing/others.ts';
import type { Pacer } from '../pacing/pacer.ts';
import { Elsewhere } from './elsewhere.ts';
import type { FactTable, News } from './fact-table.ts';
import { type Demands, partOf } from './own-share.ts';
import { Spaced } from './spaced.ts';
import type { Use } from './use.ts';
import type { UseBoard } from './use-board.ts';

/** One that a process has. */
export interface SharedBudget {
  /** The same in all processes. */
  readonly key: string;
  readonly pacer: Pacer;
  /** What others have learnt holds here. */
  readonly learns: boolean;
  /** How many calls wait for it. */
  readonly waiting: () => number;
}

/** What was learnt is remembered for so long where nobody uses it. */
const LEARNT_MS = 3_600_000;
/** So often at most one process tells what it has learnt of a budget: those of a machine, of several ones. */
const NEWS_GAP_MS = { machine: 5, fleet: 250 };
/** One who uses so much of what it may have wants more. */
const NEARLY_ALL = 0.95;
const MORE = 1.25;
/** What it wants for what is to come, and for each that waits, in calls a second: what is not used here is lost. */
const HEADROOM = 1.02;
const EACH_WAITING = 0.5;
/** Where more wait than would be served in this time, it has begun to want more, and each of them counts this. */
const BACKLOG_SECONDS = 0.5;
const FEW = 2;
const EACH_IN_BACKLOG = 4;

/** Where many share, shares are computed less often: after so long for each of them. */
const EACH_SHARER_MS = 5;

interface Entry extends SharedBudget {
  readonly elsewhere: Elsewhere;
  readonly news: Spaced;
  /** Not computed again before then. */
  shareAtMs: number;
}

export interface BudgetFactsOptions {
  readonly table: FactTable;
  readonly clock: Clock;
  readonly board: UseBoard;
  /** Whether other processes of this machine, or only other machines share. */
  readonly reach: 'machine' | 'fleet';
  /** Something is sent. */
  readonly noteUse: () => void;
}

/** Of one process. */
export class BudgetFacts {
  readonly #options: BudgetFactsOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: BudgetFactsOptions) {
    this.#options = options;
    options.table.read('learnt', (news) => this.#adopt(news));
    options.board.listen((who, uses) => {
      const nowMs = options.clock.monotonicMs();
      for (const [key, { elsewhere }] of this.#entries) elsewhere.heed(who, uses?.get(key), nowMs);
    });
  }

  /** These are the budgets from now on. */
  replace(budgets: Iterable<SharedBudget>): void {
    const gone = new Set(this.#entries.keys());
    for (const budget of budgets) {
      const known = this.#entries.get(budget.key);
      gone.delete(budget.key);
      if (known?.pacer === budget.pacer) this.#entries.set(budget.key, { ...known, ...budget });
      else this.#begin(budget);
    }
    for (const key of gone) this.#entries.delete(key);
  }

  /** What this process uses of those that are in use. */
  uses(): Map<string, Use> {
    const nowMs = this.#options.clock.monotonicMs();
    const uses = new Map<string, Use>();
    for (const [key, entry] of this.#entries) {
      const own = entry.pacer.own(nowMs);
      const wanted = wantedOf(entry, own);
      if (wanted > 0 || own.inFlight > 0) uses.set(key, { ...own, wanted });
    }
    return uses;
  }

  /** How much is for this process, by what all want. */
  apply(demands: Demands): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const commonMs = clock.wallMs() - nowMs;
    const everyMs = EACH_SHARER_MS * (demands.replicas.size + demands.workers.size);
    for (const [key, entry] of this.#entries) {
      if (nowMs < entry.shareAtMs) continue;
      entry.shareAtMs = nowMs + everyMs;
      const { pacer, elsewhere } = entry;
      const before = elsewhere.share;
      Object.assign(elsewhere, partOf(demands, key, pacer.rps() ?? 0), { commonMs });
      if (before !== elsewhere.share) pacer.shareWas(before, nowMs);
    }
  }

  #begin(budget: SharedBudget): void {
    const { table, clock, board, reach, noteUse } = this.#options;
    const { key, pacer } = budget;
    const news = new Spaced(clock, NEWS_GAP_MS[reach], () => {
      table.put(`learnt ${key}`, pacer.learnt(clock.monotonicMs()), LEARNT_MS);
    });
    const elsewhere = new Elsewhere({ noteUse, noteNews: () => news.ask() });
    this.#entries.set(key, { ...budget, elsewhere, news, shareAtMs: 0 });
    const nowMs = clock.monotonicMs();
    for (const [who, { budgets }] of board.others) elsewhere.heed(who, budgets.get(key), nowMs);
    pacer.shareWith(elsewhere);
    const known = table.newsOf(`learnt ${key}`);
    if (known) this.#adopt(known);
  }

  #adopt({ subject, value, leftMs }: News): void {
    const entry = this.#entries.get(subject);
    const learnt = value && readLearnt(value);
    if (!entry?.learns || !learnt) return;
    const ageMs = Math.max(0, LEARNT_MS - (leftMs ?? LEARNT_MS));
    const restMs = Math.max(0, learnt.restMs - ageMs);
    entry.news.drop();
    entry.pacer.adopt({ ...learnt, restMs }, this.#options.clock.monotonicMs());
  }
}

/** Calls a second. */
function wantedOf(
  { pacer, elsewhere, waiting }: Entry,
  { perSecond }: { readonly perSecond: number },
): number {
  const rps = pacer.rps() ?? Number.POSITIVE_INFINITY;
  const mine = rps * elsewhere.share;
  const factor = perSecond > NEARLY_ALL * mine ? MORE : HEADROOM;
  const count = waiting();
  const each = count > BACKLOG_SECONDS * mine + FEW ? EACH_IN_BACKLOG : EACH_WAITING;
  return Math.min(rps, perSecond * factor + each * count);
}
