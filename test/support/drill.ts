import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp } from './app.ts';
import { FakeUpstream } from './fake-upstream.ts';
import { http } from './http-client.ts';
import { releaseAfterwards } from './leftovers.ts';
import { ManualClock } from './manual-clock.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** A client's request, and what became of it. */
export interface Sent {
  /** Milliseconds on the drill's clock. */
  readonly atMs: number;
  /** Undefined while it has no answer; 0 when it got none. */
  status: number | undefined;
  /** NaN while it has no answer. */
  endMs: number;
}

export interface DrillSetUp {
  readonly primaries: number;
  readonly fallbacks?: number;
  readonly flags?: readonly string[];
}

/** How many looks in a row must see nothing happen before time moves on. */
const QUIET_LOOKS = 3;

/**
 * Clients who send at a steady pace, through the program, to upstreams on real sockets. Time moves on only when
 * nothing happens any more, so that the machine’s speed does not matter.
 */
export class Drill {
  readonly clock: ManualClock;
  readonly upstreams: readonly FakeUpstream[];
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1_000 });
  #answers = 0;

  private constructor(clock: ManualClock, upstreams: readonly FakeUpstream[], url: string) {
    this.clock = clock;
    this.upstreams = upstreams;
    this.#url = url;
    releaseAfterwards(() => this.#agent.destroy());
  }

  static async start({ primaries, fallbacks = 0, flags = [] }: DrillSetUp): Promise<Drill> {
    const clock = new ManualClock();
    const names = Array.from({ length: primaries + fallbacks }, (_, index) => `u${index}`);
    const upstreams = await Promise.all(names.map((name) => FakeUpstream.start(name)));
    const listed = upstreams.map(({ url, label }) => `${url} name=${label}`);
    const { url } = await startApp({
      primaries: listed.slice(0, primaries),
      fallbacks: listed.slice(primaries),
      flags,
      clock,
    });
    return new Drill(clock, upstreams, url);
  }

  /** Lets time pass, with what is to be done at the begin of each step. */
  async pass(ms: number, stepMs: number, each: () => void = () => {}): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      each();
      await this.#quiet();
      this.clock.advance(stepMs);
    }
    await this.#quiet();
  }

  /** Sends a JSON-RPC body, or with a path a GET. */
  send(what: string): Sent {
    const sent: Sent = { atMs: this.clock.monotonicMs(), status: undefined, endMs: Number.NaN };
    const answered = what.startsWith('/')
      ? http(`${this.#url}${what}`, { agent: this.#agent })
      : http(this.#url, { method: 'POST', body: what, agent: this.#agent });
    answered.then(
      ({ status }) => this.#ended(sent, status),
      () => this.#ended(sent, 0),
    );
    return sent;
  }

  #ended(sent: Sent, status: number): void {
    sent.status = status;
    sent.endMs = this.clock.monotonicMs();
    this.#answers += 1;
  }

  /** All requests that upstreams got. */
  get calls(): RecordedRequest[] {
    return this.upstreams.flatMap(({ requests }) => requests);
  }

  async #quiet(): Promise<void> {
    let [before, same] = [-1, 0];
    while (same < QUIET_LOOKS) {
      await sleep(1);
      const now = this.upstreams.reduce(
        (sum, { requests, connections }) => sum + requests.length + connections,
        this.#answers,
      );
      same = now === before ? same + 1 : 0;
      before = now;
    }
  }
}
