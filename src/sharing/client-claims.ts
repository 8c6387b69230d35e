/**
 * How the limits of clients are divided among workers: exactly, whatever the delays. The first process gives no more
 * than is free: 1 less what each of the workers says that it holds, and what was given to it since.
 */

import { evenShare } from '../clients/shared-buckets.ts';
import type { FactTable } from './fact-table.ts';
import { SILENT, wholeShares } from './shares.ts';
import { type Claim, readUse, type Uses } from './use.ts';

/** What the first process has given of a client's limit, as it travels. */
interface ClaimFact {
  /** Each has a greater one than those before it, of whatever client. */
  readonly number: number;
  /** For workers that are not named. */
  readonly rest: number;
  readonly of: Readonly<Record<string, number>>;
}

/** What a worker holds of a client's limit. */
interface Held {
  wanted: number;
  /** As it has told; so is what it holds where nothing is divided. */
  claim: number;
  even: number;
  grant: number;
  /** The most that it may hold of what it has been given and not told to have heard of, and which message that was in. */
  given: number;
  givenIn: number;
}

/** A client whose limit is divided otherwise than evenly. */
interface Divided {
  /** Calls a second. */
  limit: number;
  /** In which message that was told first. */
  readonly since: number;
  /** For those that have said nothing since: it never grows. Undefined until it is told. */
  rest: number | undefined;
  readonly workers: Map<string, Held>;
}

/** Fractions are off by less. */
const ROUNDING = 1e-9;

/** In the first process, from now on. */
export function giveClaims(table: FactTable, workers: number): void {
  const giver = new ClaimGiver(table, workers);
  table.read('worker-use', ({ subject, value }) => giver.hear(subject, value && readUse(value)));
}

export interface GivenClaim {
  readonly who: string;
  /** Undefined: the limit is divided evenly. */
  readonly grant: number | undefined;
  /** Undefined with no grant. */
  readonly number: number | undefined;
}

/** In a worker, from now on, and what is given already. */
export function heedClaims(table: FactTable, heed: (given: GivenClaim) => void): void {
  table.read('claims', ({ subject: who, value }) => {
    // Only the first process of this machine writes it.
    const fact = value as ClaimFact | undefined;
    if (!fact) table.forget(`claims ${who}`);
    heed({ who, grant: fact && (fact.of[table.origin] ?? fact.rest), number: fact?.number });
  });
}

class ClaimGiver {
  readonly #table: FactTable;
  readonly #count: number;
  readonly #clients = new Map<string, Divided>();
  #number = 0;

  constructor(table: FactTable, count: number) {
    this.#table = table;
    this.#count = count;
  }

  /** What a worker has told; undefined: it uses nothing, or has ended. */
  hear(worker: string, uses: Uses | undefined): void {
    if (!uses) {
      for (const [who, client] of this.#clients) if (client.workers.delete(worker)) this.#divide(who, client);
      return;
    }
    const { clients, claims, heard } = uses;
    for (const [who, claim] of claims) {
      const wanted = clients.get(who)?.wanted ?? 0;
      const client = this.#clients.get(who) ?? this.#begin(who, wanted, claim);
      if (!client) continue;
      if (claim.limit > 0) client.limit = claim.limit;
      const held = client.workers.get(worker) ?? newcomer(client, claim);
      client.workers.set(worker, held);
      Object.assign(held, { wanted, claim: claim.share, even: claim.even });
      if (heard >= held.givenIn) held.given = 0;
      this.#divide(who, client);
    }
  }

  /** As long as an even share is enough for each, nothing is divided. */
  #begin(who: string, wanted: number, { share, limit }: Claim): Divided | undefined {
    if (wanted <= share * limit + ROUNDING) return undefined;
    const client = { limit, since: this.#number + 1, rest: undefined, workers: new Map() };
    this.#clients.set(who, client);
    return client;
  }

  #divide(who: string, client: Divided): void {
    const all = [...client.workers.values()];
    if (all.every(({ wanted }) => wanted === 0)) {
      if (all.every((held) => mostOf(held) <= held.even + ROUNDING)) this.#end(who);
      else this.#give(who, client, (worker) => client.workers.get(worker)?.even ?? 0);
      return;
    }
    const isNew = client.rest === undefined;
    if (!isNew && all.every(({ wanted, grant }) => wanted <= grant * client.limit + ROUNDING)) return;
    const wanted = new Map([...client.workers].map(([worker, held]) => [worker, held.wanted]));
    const shares = wholeShares(wanted, this.#count, client.limit);
    client.rest ??= Math.min(evenShare(client.limit, this.#count), shares.get(SILENT) ?? 0);
    this.#give(who, client, (worker) => shares.get(worker) ?? 0, isNew);
  }

  #end(who: string): void {
    this.#clients.delete(who);
    this.#table.end(`claims ${who}`);
    this.#table.forget(`claims ${who}`);
  }

  /** To each what it is to have, but no more than is free. */
  #give(who: string, client: Divided, targetOf: (worker: string) => number, isNew = false): void {
    const { limit, workers } = client;
    // Whoever has said nothing holds no more than who has the first place.
    let free = 1 - evenShare(limit, this.#count, 0) * Math.max(0, this.#count - workers.size);
    for (const held of workers.values()) free -= mostOf(held);
    let isNews = isNew;
    for (const [worker, held] of workers) {
      const most = mostOf(held);
      const grant = Math.min(targetOf(worker), most + Math.max(0, free));
      if (Math.abs(grant - held.grant) <= ROUNDING) continue;
      free -= Math.max(0, grant - most);
      held.grant = grant;
      held.given = Math.max(held.given, grant);
      held.givenIn = this.#number + 1;
      isNews = true;
    }
    if (!isNews) return;
    this.#number += 1;
    this.#table.put(`claims ${who}`, factOf(client, this.#number), null);
  }
}

/** It may hold an even share until it has heard that the limit is divided. */
function newcomer({ rest, since }: Divided, { even }: Claim): Held {
  return { wanted: 0, claim: 0, even, grant: rest ?? even, given: even, givenIn: since };
}

/** A worker may hold what it has told, or what it was given since. */
function mostOf({ claim, given }: Held): number {
  return Math.max(claim, given);
}

function factOf({ rest, workers }: Divided, number: number): ClaimFact {
  const of = [...workers].map(([worker, { grant }]) => [worker, grant]);
  return { number, rest: rest ?? 0, of: Object.fromEntries(of) };
}
