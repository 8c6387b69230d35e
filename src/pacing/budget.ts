/** Who shares which budget: each upstream has its own, and those of one account have one together. */

import { Pacer } from './pacer.ts';
import { Scout } from './scout.ts';

export interface Budget {
  readonly account: string | undefined;
  readonly pacer: Pacer;
  /** Whether its limits are learnt from answers, and refusals paced; else only an explicit ceiling holds. */
  readonly learns: boolean;
}

/** What an operator says about an upstream's budget. */
export interface BudgetSpec {
  /** Most calls a second. */
  readonly rps?: number;
  /** Upstreams with the same account share one budget. */
  readonly account?: string;
}

interface Account {
  rps: number | undefined;
  readonly scout: Scout;
  readonly budget: { account: string; pacer: Pacer; learns: boolean };
}

/** The budgets of a process: an account may be shared by upstreams of several pools. */
export class Budgets {
  readonly #accounts = new Map<string, Account>();

  /**
   * Undefined when there is nothing to keep to: no ceiling, and none to be learnt. `scout` is shared by the upstreams of a
   * pool; an account has that of the pool which named it first. Whether an account learns is as it was said last.
   */
  of({ rps, account }: BudgetSpec, learns: boolean, scout = new Scout()): Budget | undefined {
    if (account !== undefined) return this.#accountOf(account, rps, learns, scout).budget;
    return learns || rps !== undefined ? { account, learns, pacer: newPacer(rps, scout) } : undefined;
  }

  /**
   * What all lists of the process say when they were read anew: an account that none names is forgotten, and one whose
   * ceiling is another one begins to learn anew.
   */
  settle(specs: Iterable<BudgetSpec>): void {
    const ceilings = new Map<string, number | undefined>();
    for (const { account, rps } of specs)
      if (account !== undefined) ceilings.set(account, ceilings.get(account) ?? rps);
    for (const [name, account] of this.#accounts) {
      if (ceilings.has(name)) limit(account, ceilings.get(name));
      else this.#accounts.delete(name);
    }
  }

  #accountOf(name: string, rps: number | undefined, learns: boolean, scout: Scout): Account {
    const known = this.#accounts.get(name);
    if (!known) {
      const made: Account = { rps, scout, budget: { account: name, learns, pacer: newPacer(rps, scout) } };
      this.#accounts.set(name, made);
      return made;
    }
    if (rps !== undefined) limit(known, rps);
    known.budget.learns = learns;
    return known;
  }
}

/** For all that share it, and they begin to learn anew. */
function limit(account: Account, rps: number | undefined): void {
  if (account.rps === rps) return;
  account.rps = rps;
  account.budget.pacer = newPacer(rps, account.scout);
}

function newPacer(rps: number | undefined, scout: Scout): Pacer {
  return new Pacer(rps === undefined ? { scout } : { ceilingRps: rps, scout });
}
