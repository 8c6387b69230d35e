/** When a process looks at what it uses of what is shared, tells the others, and takes its share. */

import type { SharedBuckets } from '../clients/shared-buckets.ts';
import type { Clock } from '../clock.ts';
import { BudgetFacts, type SharedBudget } from './budget-facts.ts';
import { giveClaims, heedClaims } from './client-claims.ts';
import { applyClientShares, clientUses } from './client-shares.ts';
import type { FactTable } from './fact-table.ts';
import type { Role } from './knowledge.ts';
import type { Demands } from './own-share.ts';
import { clientsOf, factOf, isIdle, NO_CLAIMS, sumOf, type Uses } from './use.ts';
import { replicaOf, UseBoard } from './use-board.ts';

export interface BudgetSharingOptions {
  readonly table: FactTable;
  readonly clock: Clock;
  readonly role: Role;
  readonly workers: number;
  readonly budgets: () => Iterable<SharedBudget>;
  readonly buckets: SharedBuckets;
  /** Attempts under way by upstream, of those that have some. */
  readonly inFlight: () => ReadonlyMap<string, number>;
  /** How many attempts the other workers have under way, by upstream. */
  readonly setInFlightElsewhere: (counts: ReadonlyMap<string, number>) => void;
}

/** How often it is looked at what is used, while something is. */
const LOOK_MS = { alone: 100, worker: 50, first: 100 };
/** So soon after a look when a client needs more. */
const URGENT_MS = 5;
/** So often replicas tell what they use even where nothing changes; what they told holds for four times as long. */
const LEASE_MS = { alone: 2_000, first: 2_000, worker: 1_000 };
const LEASES = 4;
/** Replicas tell no more often than this what has changed; each of many more seldom, so that none hears too much. */
const GAP_MS = 260;
const FEW = 8;
/** What changes by this share of what was wanted is told before its time. */
const NOTABLE = 0.1;
/** So does a count that is off by so many calls, and this share of a second's, from what others take it for. */
const OFF_CALLS = 3;
const OFF_SHARE = 0.06;

/** Of one process. */
export class BudgetSharing {
  readonly #options: BudgetSharingOptions;
  readonly #board: UseBoard;
  readonly #facts: BudgetFacts;
  readonly #key: string;
  #stopTimer: (() => void) | undefined;
  #isAwake = false;
  #isStopped = false;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #told: Uses | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** The last message about clients' limits that was heeded. */
  #heard = 0;

  constructor(options: BudgetSharingOptions) {
    const { table, clock, role, workers, buckets } = options;
    this.#options = options;
    this.#board = new UseBoard(table, clock);
    this.#key = role === 'worker' ? `worker-use ${table.origin}` : `use ${replicaOf(table.origin)}`;
    const wake = () => this.#wake();
    const reach = role === 'alone' ? 'fleet' : 'machine';
    this.#facts = new BudgetFacts({ table, clock, board: this.#board, reach, noteUse: wake });
    // It uses nothing itself.
    if (role === 'first') {
      this.#board.listen(wake);
      giveClaims(table, workers);
    }
    buckets.onUse = (isUrgent) => {
      if (isUrgent) this.#lookSoon();
      else wake();
    };
  }

  start(): void {
    const { role, table, clock, buckets } = this.#options;
    if (role === 'worker')
      heedClaims(table, ({ who, grant, number }) => {
        this.#heard = number ?? this.#heard;
        if (buckets.setGrant(who, grant, clock.monotonicMs())) this.#lookSoon();
      });
    this.#look();
  }

  /** There are other budgets than before. */
  refresh(): void {
    this.#facts.replace(this.#options.budgets());
  }

  /** What this process has used others may have at once. */
  stop(): void {
    this.#isStopped = true;
    this.#stopTimer?.();
    this.#options.table.end(this.#key);
  }

  /** Something is used: from now on it is looked at often. */
  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#lookIn(0);
  }

  #lookSoon(): void {
    this.#isAwake = true;
    this.#lookIn(Math.max(0, this.#lookedMs + URGENT_MS - this.#options.clock.monotonicMs()));
  }

  #lookIn(delayMs: number): void {
    if (this.#isStopped) return;
    this.#stopTimer?.();
    this.#stopTimer = this.#options.clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    const { role, budgets, buckets, clock, setInFlightElsewhere } = this.#options;
    const board = this.#board;
    this.#lookedMs = clock.monotonicMs();
    board.sweep();
    this.#facts.replace(budgets());
    const uses = role === 'first' ? { ...sumOf(board.workers.values()), inFlight: new Map() } : this.#own();
    if (role === 'worker') this.#tellAsWorker(uses);
    else this.#tellAsReplica(uses);
    this.#facts.apply(this.#demandsOf('budgets'));
    const clients = clientsOf(board.others.values());
    applyClientShares(buckets, this.#demandsOf('clients'), clients, clock);
    setInFlightElsewhere(sumOf(board.siblings).inFlight);
    this.#isAwake = !isIdle(uses);
    this.#lookIn(this.#isAwake ? LOOK_MS[role] : LEASE_MS[role]);
  }

  #own(): Uses {
    const { role, buckets, clock, inFlight } = this.#options;
    const { clients, claims } = clientUses(buckets, clock);
    const held = role === 'worker' ? { claims, heard: this.#heard } : NO_CLAIMS;
    return { budgets: this.#facts.uses(), clients, inFlight: inFlight(), ...held };
  }

  #demandsOf(what: 'budgets' | 'clients'): Demands {
    const { table, role, workers } = this.#options;
    const of = (all: ReadonlyMap<string, Uses>) => new Map([...all].map(([who, uses]) => [who, uses[what]]));
    return {
      replica: replicaOf(table.origin),
      worker: role === 'worker' ? table.origin : undefined,
      workerCount: workers,
      replicas: of(this.#board.replicas),
      workers: of(this.#board.workers),
    };
  }

  /** As long as something is used; then that nothing is. */
  #tellAsWorker(uses: Uses): void {
    if (!isIdle(uses)) this.#put(uses);
    else if (this.#told) {
      this.#told = undefined;
      this.#options.table.end(this.#key);
      this.#board.note('worker-use', uses);
    }
  }

  #tellAsReplica(uses: Uses): void {
    const passedMs = this.#options.clock.monotonicMs() - this.#toldMs;
    const crowd = this.#board.replicas.size / FEW;
    const isNews = passedMs >= GAP_MS * Math.max(1, crowd) && isNotable(this.#told, uses, passedMs / 1_000);
    // Where there are many, what is as it was comes with the rounds of the transport.
    if (isNews || passedMs >= LEASE_MS.first - 1) this.#put(uses, isNews || crowd <= 1);
  }

  #put(uses: Uses, isUrgent = true): void {
    const { table, clock, role } = this.#options;
    this.#told = uses;
    this.#toldMs = clock.monotonicMs();
    this.#board.note(role === 'worker' ? 'worker-use' : 'use', uses);
    table.put(this.#key, factOf(uses), LEASES * LEASE_MS[role], isUrgent);
  }
}

/** Whether shares would be others by what has changed, or the others count wrongly what is used here. */
function isNotable(told: Uses | undefined, uses: Uses, passedSeconds: number): boolean {
  if (!told) return true;
  for (const what of ['budgets', 'clients'] as const) {
    for (const [key, { wanted }] of uses[what]) {
      const before = told[what].get(key)?.wanted ?? 0;
      if (Math.abs(wanted - before) > NOTABLE * Math.max(wanted, before)) return true;
    }
  }
  for (const [key, { accepted, perSecond }] of uses.budgets) {
    const before = told.budgets.get(key);
    if (!before) return true;
    const off = Math.abs(accepted - before.accepted - before.perSecond * passedSeconds);
    if (off > OFF_CALLS + OFF_SHARE * Math.max(perSecond, before.perSecond)) return true;
  }
  return false;
}
