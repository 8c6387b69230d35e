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

/** As it travels. */
export interface UseFact {
  readonly budgets: Readonly<Record<string, Numbers>>;
  /** What clients with limits have used, by who they are. */
  readonly clients?: Readonly<Record<string, Numbers>>;
  /** Attempts under way, by upstream: of processes of one machine. */
  readonly inFlight?: Readonly<Record<string, number>>;
}

/** What one process uses. */
export interface Uses {
  readonly budgets: ReadonlyMap<string, Use>;
  readonly clients: ReadonlyMap<string, Use>;
  readonly inFlight: ReadonlyMap<string, number>;
}

export function isIdle({ budgets, clients, inFlight }: Uses): boolean {
  return budgets.size === 0 && clients.size === 0 && inFlight.size === 0;
}

export function factOf({ budgets, clients, inFlight }: Uses): UseFact {
  return {
    budgets: allNumbersOf(budgets),
    ...(clients.size > 0 && { clients: allNumbersOf(clients) }),
    ...(inFlight.size > 0 && { inFlight: Object.fromEntries(inFlight) }),
  };
}

/** What came from elsewhere; what is ill-formed is left out. */
export function readUse(value: object): Uses {
  const { budgets, clients, inFlight }: Partial<Record<keyof UseFact, unknown>> = value;
  const counts = entriesOf(inFlight).flatMap(([key, count]): [string, number][] =>
    isCount(count) ? [[key, count]] : [],
  );
  return { budgets: readNumbers(budgets), clients: readNumbers(clients), inFlight: new Map(counts) };
}

function readNumbers(value: unknown): ReadonlyMap<string, Use> {
  const read = new Map<string, Use>();
  for (const [key, numbers] of entriesOf(value)) {
    if (!Array.isArray(numbers) || !numbers.every(isCount)) continue;
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
  return { budgets, clients, inFlight };
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

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}
