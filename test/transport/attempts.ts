import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { type AdmitSettings, admit } from '../../src/balancer/admit.ts';
import { classify } from '../../src/balancer/classify.ts';
import type { Exchange } from '../../src/balancer/exchange.ts';
import { relayInterim } from '../../src/balancer/interim.ts';
import { createOriginReader } from '../../src/balancer/origin.ts';
import { questionOf } from '../../src/balancer/question.ts';
import { receiveBody } from '../../src/balancer/receive.ts';
import type { FailureReason } from '../../src/events.ts';
import { createIdentity } from '../../src/http/header-lines.ts';
import type { Pool } from '../../src/pools/pool.ts';
import { FilterHomes } from '../../src/rpc/filters.ts';
import { BufferLimit } from '../../src/transport/buffer-limit.ts';
import { ConnectionPools } from '../../src/transport/connection-pools.ts';
import type { ConnectionPool } from '../../src/transport/connections.ts';
import { Deadlines } from '../../src/transport/deadlines.ts';
import type { Answered, AttemptOutcome, Sink, StreamEnd } from '../../src/transport/outcome.ts';
import type { TransportSettings } from '../../src/transport/settings.ts';
import { Transmission } from '../../src/transport/transmission.ts';
import { Registry } from '../../src/upstreams/registry.ts';
import { StandingChanges } from '../../src/upstreams/standing-changes.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { clientsBy } from '../support/clients.ts';
import { realDialer } from '../support/dialer.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { upstream } from '../support/upstreams.ts';
import { within } from '../support/waiting.ts';

export const ATTEMPT_TIMEOUT_MS = 10_000;
export const STREAM_IDLE_TIMEOUT_MS = 60_000;
export const TUNNEL_IDLE_TIMEOUT_MS = 3_600_000;
/** A time limit is kept to this. */
export const PRECISION_MS = 100;
export const CLIENT_BODY_TIMEOUT_MS = 30_000;
export const REQUEST_TIMEOUT_MS = 25_000;

/** Larger answers are not read whole. */
const BUFFERED_BYTES = 65_536;

export interface Limits {
  readonly maxBodyBytes: number;
  readonly maxReplayBodyBytes: number;
  /** Real time. */
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

const LIMITS: Limits = {
  maxBodyBytes: 50_000_000,
  maxReplayBodyBytes: 1_000_000,
  connectTimeoutMs: 2_000,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
};

/** Real requests from real clients, each sent to the one upstream once; nothing is answered. */
export class Attempts {
  readonly clock = new ManualClock();
  readonly upstream: Upstream;
  readonly pool: ConnectionPool;
  readonly exchanges: Exchange[] = [];
  /** How the answers that streamed ended. */
  readonly streamEnds: StreamEnd[] = [];
  /** Done with each exchange before its attempt. */
  before: (exchange: Exchange) => void | Promise<void> = () => {};
  port = 0;
  readonly #limits: Limits;
  readonly #transport: TransportSettings;
  readonly #settings: AdmitSettings;
  readonly #registry: Registry;
  /** Those not yet asked for; and those asked for that have not come. */
  readonly #outcomes: Promise<AttemptOutcome>[] = [];
  readonly #wanted: ((outcome: Promise<AttemptOutcome>) => void)[] = [];

  private constructor(url: string, limits: Limits) {
    const { clock } = this;
    const identity = createIdentity('attempts');
    this.#limits = limits;
    this.upstream = upstream('A', { url });
    this.#registry = new Registry([this.upstream], new StandingChanges());
    // Real time: connections are made by the system.
    const connections = new ConnectionPools({ dialer: realDialer, clock, random: seededRandom(1) });
    this.pool = connections.of(this.upstream);
    this.#transport = {
      clock,
      identity,
      connectTimeoutMs: limits.connectTimeoutMs,
      silence: {
        attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
        streamIdleTimeoutMs: STREAM_IDLE_TIMEOUT_MS,
        tunnelIdleTimeoutMs: TUNNEL_IDLE_TIMEOUT_MS,
      },
      deadlines: new Deadlines(clock, ATTEMPT_TIMEOUT_MS),
      upload: { maxBodyBytes: limits.maxBodyBytes, clientBodyTimeoutMs: CLIENT_BODY_TIMEOUT_MS },
      connections,
    };
    // Nothing else is read of it.
    const pool = {
      path: '',
      registry: this.#registry,
      settings: { requestTimeoutMs: limits.requestTimeoutMs },
    } as unknown as Pool;
    this.#settings = {
      identity,
      clock,
      maxHeaderSizeBytes: 32_768,
      maxUrlBytes: 8_192,
      bufferLimit: new BufferLimit(Number.POSITIVE_INFINITY),
      readOrigin: createOriginReader(undefined),
      nextId: () => 'id',
      pools: { of: () => pool },
      clients: clientsBy(),
    };
  }

  static async to(url: string, limits: Partial<Limits> = {}): Promise<Attempts> {
    const attempts = new Attempts(url, { ...LIMITS, ...limits });
    const server = createServer((request, response) => {
      attempts.#deliver(attempts.#run(request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A TCP server that listens has an address with a port.
    attempts.port = (server.address() as AddressInfo).port;
    releaseAfterwards(() => {
      server.closeAllConnections();
      attempts.pool.close();
      return new Promise((resolve) => server.close(resolve));
    });
    return attempts;
  }

  /** Nothing of an attempt is left behind: it counts for nobody, and no timer runs on. */
  expectNothingLeft(): void {
    this.clock.advance(PRECISION_MS);
    expect([this.upstream.inFlight, this.clock.pendingTimers]).toEqual([0, 0]);
  }

  /** Sends a request from a client of its own. */
  async send(bytes: Buffer = requestBytes('GET /x')): Promise<RawClient> {
    const client = await RawClient.connect(this.port);
    client.send(bytes);
    return client;
  }

  /** How the next attempt ended, in the order of their ends. */
  outcome(): Promise<AttemptOutcome> {
    const next = this.#outcomes.shift() ?? new Promise((resolve) => this.#wanted.push(resolve));
    return within(next, 10_000, 'the outcome of an attempt');
  }

  async attempt(bytes?: Buffer): Promise<AttemptOutcome> {
    const client = await this.send(bytes);
    const outcome = await this.outcome();
    client.leave();
    return outcome;
  }

  #deliver(outcome: Promise<AttemptOutcome>): void {
    const settled = () => {
      const wanted = this.#wanted.shift();
      if (wanted) wanted(outcome);
      else this.#outcomes.push(outcome);
    };
    outcome.then(settled, settled);
  }

  async #run(request: IncomingMessage, response: ServerResponse): Promise<AttemptOutcome> {
    const { exchange } = admit(request, response, this.#settings);
    const limits = { ...this.#limits, clientBodyTimeoutMs: CLIENT_BODY_TIMEOUT_MS };
    const refused =
      (await receiveBody(exchange, limits, this.clock)) ??
      classify(exchange, { filters: new FilterHomes(this.clock), registry: this.#registry }, 100);
    if (refused) throw new Error(`refused before the attempt: ${refused}`);
    this.exchanges.push(exchange);
    await this.before(exchange);
    return this.#transmit(exchange);
  }

  /** As the race does it: told when the client leaves, as long as the answer flows. */
  #transmit(exchange: Exchange): Promise<AttemptOutcome> {
    const { upstream } = this;
    return new Promise((onEnd) => {
      if (exchange.left) return onEnd({ kind: 'client-left' });
      const calls = exchange.ledger?.openFor(() => true) ?? [];
      const outgoing = { ...questionOf(exchange, calls, upstream).outgoing, bufferUpToBytes: BUFFERED_BYTES };
      const transmission = new Transmission(outgoing, this.#transport, {
        onInterim: (status, raw) => relayInterim({ exchange, upstream }, status, raw),
        onEnd,
        onStreamEnd: (how) => this.streamEnds.push(how),
      });
      exchange.underWay = { onClientLeft: () => transmission.cancel() };
      transmission.start();
    });
  }
}

/** A reader of a body that takes as much as the test lets it. */
export class Reader implements Sink {
  readonly #chunks: Buffer[] = [];
  #resolve: (end: 'end' | FailureReason) => void = () => {};
  /** Asks for a pause after each chunk. */
  isSlow = false;
  /** How the body ended. */
  readonly ended = new Promise<'end' | FailureReason>((resolve) => {
    this.#resolve = resolve;
  });

  /** Lets the rest of an answer flow into a new reader. */
  static of(outcome: AttemptOutcome, { isSlow = false } = {}): Reader {
    const reader = new Reader();
    reader.isSlow = isSlow;
    streamOf(outcome).flowInto(reader);
    return reader;
  }

  get size(): number {
    return this.#chunks.reduce((size, chunk) => size + chunk.length, 0);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  write(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    return !this.isSlow;
  }

  end(): void {
    this.#resolve('end');
  }

  fail(reason: FailureReason): void {
    this.#resolve(reason);
  }

  /** How the body ended, or fails the test. */
  over(): Promise<'end' | FailureReason> {
    return within(this.ended, 10_000, 'the end of the body');
  }
}

export function answerOf(outcome: AttemptOutcome): Answered {
  if (outcome.kind !== 'answered') throw new Error(`no answer: ${JSON.stringify(outcome)}`);
  return outcome;
}

export function streamOf(outcome: AttemptOutcome) {
  const { stream } = answerOf(outcome);
  if (!stream) throw new Error('the answer was read whole');
  return stream;
}
