/** What a process tells of its use of what several share. */

/** Of a budget, or of what a client may send. */
export interface Use {
  /** How many calls were accepted since it began. */
  readonly accepted: number;
  /** How many in the last second. */
  readonly perSecond: number;
  /** How many it would send in a second if it had all of it. */
  readonly wanted: number;
  /** Calls in flight; of a client those that it has used up of what it may at once. */
  readonly inFlight: number;
}

/** Small, since it is told often: numbers in the order of `Use`. */
type Numbers = readonly [accepted: number, perSecond: number, wanted: number, inFlight: number];

/** What a worker holds of a client's limit. */
export interface Claim {
  /** Of that for all workers: 0 to 1. */
  readonly share: number;
  /** What all of them may, in calls a second; 0: not known. */
  readonly limit: number;
  /** Its share where nothing is divided otherwise. */
  readonly even: number;
}

/** As it travels. */
export interface UseFact {
  readonly budgets: Readonly<Record<string, Numbers>>;
  /** What clients with limits have used, by who they are. */
  readonly clients?: Readonly<Record<string, Numbers>>;
  /** Attempts under way, by upstream: of processes of one machine. */
  readonly inFlight?: Readonly<Record<string, number>>;
  /** Of workers: what they hold of clients' limits, and the last message about that which they have heeded. */
  readonly claims?: Readonly<Record<string, readonly [share: number, limit: number, even: number]>>;
  readonly heard?: number;
}

/** What one process uses. */
export interface Uses {
  readonly budgets: ReadonlyMap<string, Use>;
  readonly clients: ReadonlyMap<string, Use>;
  readonly inFlight: ReadonlyMap<string, number>;
  readonly claims: ReadonlyMap<string, Claim>;
  readonly heard: number;
}

export const NO_CLAIMS: Pick<Uses, 'claims' | 'heard'> = { claims: new Map(), heard: 0 };

export function isIdle({ budgets, clients, inFlight, claims }: Uses): boolean {
  return [budgets, clients, inFlight, claims].every(({ size }) => size === 0);
}

export function factOf({ budgets, clients, inFlight, claims, heard }: Uses): UseFact {
  const held = [...claims].map(([key, { share, limit, even }]) => [key, [share, limit, even]]);
  return {
    budgets: allNumbersOf(budgets),
    ...(clients.size > 0 && { clients: allNumbersOf(clients) }),
    ...(inFlight.size > 0 && { inFlight: Object.fromEntries(inFlight) }),
    ...(claims.size > 0 && { claims: Object.fromEntries(held), heard }),
  };
}

/** More is no number of calls: sums must stay exact, and products finite. */
const MOST_ACCEPTED = 1e15;
const MOST = 1e9;

/** What came from elsewhere; what is ill-formed is left out. */
export function readUse(value: object): Uses {
  const { budgets, clients, inFlight, claims, heard }: Partial<Record<keyof UseFact, unknown>> = value;
  const counts = entriesOf(inFlight).flatMap(([key, count]): [string, number][] =>
    isCount(count, MOST) ? [[key, count]] : [],
  );
  return {
    budgets: readNumbers(budgets),
    clients: readNumbers(clients),
    inFlight: new Map(counts),
    claims: readClaims(claims),
    heard: isCount(heard, Number.MAX_SAFE_INTEGER) ? heard : 0,
  };
}

function readClaims(value: unknown): ReadonlyMap<string, Claim> {
  const read = new Map<string, Claim>();
  for (const [key, numbers] of entriesOf(value)) {
    if (!Array.isArray(numbers) || !numbers.every((each) => isCount(each, MOST))) continue;
    const [share = 0, limit = 0, even = 0]: readonly number[] = numbers;
    read.set(key, { share, limit, even });
  }
  return read;
}

function readNumbers(value: unknown): ReadonlyMap<string, Use> {
  const read = new Map<string, Use>();
  for (const [key, numbers] of entriesOf(value)) {
    if (!Array.isArray(numbers)) continue;
    if (!numbers.every((each, index) => isCount(each, index === 0 ? MOST_ACCEPTED : MOST))) continue;
    const [accepted = 0, perSecond = 0, wanted = 0, inFlight = 0]: readonly number[] = numbers;
    read.set(key, { accepted, perSecond, wanted, inFlight });
  }
  return read;
}

/** What several processes use together. */
export function sumOf(all: Iterable<Uses>): Uses {
  const budgets = new Map<string, Use>();
  const clients = new Map<string, Use>();
  const inFlight = new Map<string, number>();
  for (const each of all) {
    for (const [key, use] of each.budgets) budgets.set(key, plus(budgets.get(key), use));
    for (const [key, use] of each.clients) clients.set(key, plus(clients.get(key), use));
    for (const [key, count] of each.inFlight) inFlight.set(key, (inFlight.get(key) ?? 0) + count);
  }
  return { budgets, clients, inFlight, ...NO_CLAIMS };
}

/** What the clients of several processes use together. */
export function clientsOf(all: Iterable<Uses>): ReadonlyMap<string, Use> {
  const sum = new Map<string, Use>();
  for (const { clients } of all) for (const [key, use] of clients) sum.set(key, plus(sum.get(key), use));
  return sum;
}

function plus(one: Use | undefined, other: Use): Use {
  if (!one) return other;
  return {
    accepted: one.accepted + other.accepted,
    perSecond: one.perSecond + other.perSecond,
    wanted: one.wanted + other.wanted,
    inFlight: one.inFlight + other.inFlight,
  };
}

function allNumbersOf(uses: ReadonlyMap<string, Use>): Record<string, Numbers> {
  return Object.fromEntries([...uses].map(([key, use]): [string, Numbers] => [key, numbersOf(use)]));
}

function numbersOf({ accepted, perSecond, wanted, inFlight }: Use): Numbers {
  return [accepted, rounded(perSecond), rounded(wanted), rounded(inFlight)];
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= most;
}
