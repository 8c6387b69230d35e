// Many clients that call a balancer at moments that are fixed beforehand, however long each answer takes. As a
// child with an IPC channel: the first message is the plan (port, seconds, perSecond, mix of methods, byUnits,
// clients, seed, patienceMs), then come { startMs } and, once all is answered, the report:
//   dueMs, latencyMs   of each call: when it was due, from the start; from then to the end of its answer
//   outcome            0 for good, else the place of what was wrong in `faults`
//   units              what it costs: compute units with byUnits, else 1
//   lateMs             how much later than it was due the call was sent, which is this process's own fault
import { seededRandom } from '../lib/seeded-random.mjs';
import { drawn } from './chance.mjs';
import { Client } from './client.mjs';
import { monotonicMs, sleepUntil } from './clock.mjs';
import { question, unitsOf } from './questions.mjs';

/** How often is looked for those that have waited too long. */
const LOOK_EVERY_MS = 500;

/** Moments in ms from the start, at random intervals (Poisson) that are `perSecond` on average. */
function schedule({ seconds, perSecond }, random) {
  const meanMs = 1_000 / perSecond;
  const moments = [];
  for (let at = 0; at < seconds * 1_000; at += meanMs * -Math.log(1 - random())) moments.push(at);
  return Float64Array.from(moments);
}

/** On Linux each client has an address of its own. */
function makeClients({ port, clients }) {
  const addressOf = (index) => (process.platform === 'linux' ? `127.0.1.${index + 1}` : undefined);
  return Array.from({ length: clients }, (_, index) => new Client(port, addressOf(index)));
}

/** What is wrong with an answer, in words that many of a kind share; undefined for nothing. */
function faultOf({ broken, status, text }, id, result) {
  if (broken !== undefined) return `no answer: ${broken}`;
  try {
    const answer = JSON.parse(text);
    if (status !== 200 || answer.error !== undefined) {
      return `status ${status}, ${answer.error?.message ?? 'no error member'}`;
    }
    if (answer.id !== id) return 'the answer to another question (id)';
    return JSON.stringify(answer.result) === result ? undefined : 'the answer to another question (result)';
  } catch {
    return `status ${status}, a body that is no JSON`;
  }
}

class Run {
  #plan;
  #startMs;
  #clients;
  #faults = new Map([['good', 0]]);
  #report;

  constructor(plan) {
    this.#plan = plan;
    this.#clients = makeClients(plan);
  }

  async run() {
    const random = seededRandom(this.#plan.seed);
    const dueMs = schedule(this.#plan, random);
    const empty = () => new Float64Array(dueMs.length);
    this.#report = { dueMs, latencyMs: empty(), lateMs: empty(), units: empty(), outcome: empty() };
    this.#startMs = monotonicMs();
    process.send({ startMs: this.#startMs });
    const impatience = setInterval(() => this.#giveUp(), LOOK_EVERY_MS);
    const calls = [];
    for (let index = 0; index < dueMs.length; index++) {
      await sleepUntil(this.#startMs + dueMs[index]);
      calls.push(this.#call(index, drawn(this.#plan.mix, random()), random()));
    }
    await Promise.all(calls);
    clearInterval(impatience);
    for (const client of this.#clients) client.close();
    return { ...this.#report, faults: [...this.#faults.keys()] };
  }

  async #call(index, method, chance) {
    const { dueMs, latencyMs, lateMs, units, outcome } = this.#report;
    const dueAtMs = this.#startMs + dueMs[index];
    const id = index + 1;
    const { body, result } = question(method, id);
    units[index] = this.#plan.byUnits ? unitsOf(method) : 1;
    lateMs[index] = monotonicMs() - dueAtMs;
    const client = this.#clients[Math.floor(chance * this.#clients.length)];
    const fault = faultOf(await client.ask(body), id, result);
    latencyMs[index] = monotonicMs() - dueAtMs;
    if (fault === undefined) return;
    if (!this.#faults.has(fault)) this.#faults.set(fault, this.#faults.size);
    outcome[index] = this.#faults.get(fault);
  }

  #giveUp() {
    for (const client of this.#clients) client.giveUpBefore(monotonicMs() - this.#plan.patienceMs);
  }
}

process.once('message', async (plan) => process.send(await new Run(plan).run()));
process.once('disconnect', () => process.exit());
