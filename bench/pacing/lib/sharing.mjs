// Pacers of several processes that share what they know as the daemon's do: workers of one machine by messages that take
// a millisecond or two, replicas by a few messages a second.

import { seededRandom } from '../../lib/seeded-random.mjs';

/** Replicas send no more messages than one in this time; what is not urgent goes with the next round. */
const FLEET_GAP_MS = 250;
const ROUND_MS = 2_000;
/** So long after their start processes are there, each a bit later than the one before. */
const APART_MS = 7;

/** The clocks of replicas differ by so much. */
const CLOCK_OFF_MS = 3;

/** A clock of its own, on the time of a simulation. */
function clockOn(time, wallOffMs) {
  return {
    monotonicMs: () => time.nowMs,
    wallMs: () => time.nowMs + 1_700_000_000_000 + wallOffMs,
    after(delayMs, run) {
      let isOff = false;
      time.add(time.nowMs + Math.max(0, delayMs), () => {
        if (!isOff) run();
      });
      return () => {
        isOff = true;
      };
    },
  };
}

/** The ends of a line between two tables. */
function link(time, a, b, delayMs) {
  const end = (table) => ({ reach: 'machine', to: table });
  const [toA, toB] = [end(a), end(b)];
  const carry = (from, to) => (facts) => {
    const text = JSON.stringify(facts);
    time.add(time.nowMs + delayMs(), () => to.to.receive(JSON.parse(text), from));
  };
  toB.send = carry(toA, toB);
  toA.send = carry(toB, toA);
  a.connect(toB);
  b.connect(toA);
}

/** What all replicas hear, as through Redis. `isUp()`: whether it is there. */
function bus(time, tables, delayMs, isUp, count) {
  const ends = tables.map((table) => ({ reach: 'fleet', table }));
  for (const end of ends) {
    let kept = new Map();
    let isSet = false;
    let lastMs = -Infinity;
    const flush = () => {
      lastMs = time.nowMs;
      const text = JSON.stringify([...kept.values()]);
      kept = new Map();
      if (!isUp()) return;
      count.messages += 1;
      for (const other of ends)
        if (other !== end)
          time.add(time.nowMs + delayMs(), () => other.table.receive(JSON.parse(text), other));
    };
    const flushIn = (ms) => {
      if (isSet) return;
      isSet = true;
      time.add(time.nowMs + ms, () => {
        isSet = false;
        flush();
      });
    };
    end.send = (facts, areUrgent) => {
      for (const fact of facts) kept.set(fact.key, fact);
      if (!areUrgent) flushIn(ROUND_MS);
      else if (time.nowMs - lastMs >= FLEET_GAP_MS && !isSet) flush();
      else flushIn(lastMs + FLEET_GAP_MS - time.nowMs);
    };
    end.table.connect(end);
  }
}

/**
 * @param parts { Pacer, FactTable, BudgetSharing, SharedBuckets } of the built program
 * @param shape 'workers' of one machine, or 'replicas'
 * @returns makeControllers of runTogether, with `count.messages` that replicas have sent
 */
export function sharingPacers(
  { Pacer, FactTable, BudgetSharing, SharedBuckets },
  shape,
  { isUp = () => true, options = {} } = {},
) {
  const count = { messages: 0 };
  const make = (processes, _kind, time) => {
    const random = seededRandom(17);
    const delayMs = () => 1 + random();
    const pacers = Array.from({ length: processes }, () => new Pacer(options));
    const tables = [];
    const sharings = [];
    const add = (role, origin, budgets) => {
      const clock = clockOn(time, role === 'alone' ? CLOCK_OFF_MS * tables.length : 0);
      const table = new FactTable({ clock, origin });
      tables.push(table);
      const idle = { inFlight: () => new Map(), setInFlightElsewhere() {} };
      const workers = role === 'alone' ? 1 : processes;
      sharings.push(
        new BudgetSharing({ table, clock, role, workers, budgets, buckets: new SharedBuckets(), ...idle }),
      );
      return table;
    };
    const budgetOf = (pacer, daemon) => ({
      key: 'budget',
      pacer,
      learns: true,
      waiting: () => daemon.waiting,
    });
    pacers.begin = (daemons) => {
      const budgets = pacers.map((pacer, i) => [budgetOf(pacer, daemons[i])]);
      if (shape === 'workers') {
        const mirror = [budgetOf(new Pacer(options), { waiting: 0 })];
        const first = add('first', 'a0', () => mirror);
        for (const [i, own] of budgets.entries())
          link(
            time,
            first,
            add('worker', `a0.${i}`, () => own),
            delayMs,
          );
      } else {
        for (const [i, own] of budgets.entries()) add('alone', `a${i}`, () => own);
        bus(time, tables, delayMs, isUp, count);
      }
      for (const [i, sharing] of sharings.entries()) time.add(i * APART_MS, () => sharing.start());
    };
    return pacers;
  };
  return Object.assign(make, { count });
}
