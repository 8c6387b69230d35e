import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AdmitSettings, admit } from '../../src/balancer/admit.ts';
import { classify } from '../../src/balancer/classify.ts';
import type { Exchange } from '../../src/balancer/exchange.ts';
import { createOriginReader } from '../../src/balancer/origin.ts';
import { Race } from '../../src/balancer/race.ts';
import { receiveBody } from '../../src/balancer/receive.ts';
import type { Event } from '../../src/events.ts';
import { createIdentity } from '../../src/http/header-lines.ts';
import { createLog } from '../../src/log.ts';
import { Budgets } from '../../src/pacing/budget.ts';
import { createPool, type Pool } from '../../src/pools/pool.ts';
import { PoolTable } from '../../src/pools/pool-table.ts';
import { createRuntime } from '../../src/runtime.ts';
import { BufferLimit } from '../../src/transport/buffer-limit.ts';
import { configOf } from '../config/loading.ts';
import { clientsBy } from '../support/clients.ts';
import { realDialer } from '../support/dialer.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import { within } from '../support/waiting.ts';

interface Started {
  readonly race: Race;
  readonly exchange: Exchange;
}

/** Races for requests of real clients at real upstreams; nothing is answered to the clients. Time stands still. */
export class Races {
  readonly clock = new ManualClock();
  readonly pool: Pool;
  readonly events: Event[] = [];
  readonly #settings: AdmitSettings;
  readonly #started: Started[] = [];
  readonly #wanted: ((started: Started) => void)[] = [];
  #port = 0;

  private constructor(pool: Pool, clock: ManualClock) {
    this.pool = pool;
    this.clock = clock;
    pool.runtime.announcer.listen((event) => this.events.push(event));
    this.#settings = {
      identity: pool.transport.identity,
      clock,
      maxHeaderSizeBytes: 32_768,
      maxUrlBytes: 8_192,
      bufferLimit: new BufferLimit(Number.POSITIVE_INFINITY),
      readOrigin: createOriginReader(undefined),
      nextId: () => 'id',
      pools: new PoolTable([pool], pool),
      clients: clientsBy(),
    };
  }

  /** In front of these upstreams, asked in this order. */
  static async among(urls: readonly string[], flags: readonly string[] = []): Promise<Races> {
    const argv = [`--backends=${urls.join(',')}`, '--strategy=round-robin', '--health-check=off', ...flags];
    const clock = new ManualClock();
    const { logger } = await createLog({ level: 'silent', format: 'json', secrets: [], to: { write() {} } });
    const runtime = createRuntime({ clock, random: () => 0.5, logger });
    const identity = createIdentity('races');
    const races = new Races(
      createPool('default', configOf({ argv }), {
        runtime,
        dialer: realDialer,
        identity,
        budgets: new Budgets(),
      }),
      clock,
    );
    const server = createServer((request, response) => void races.#begin(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A TCP server that listens has an address with a port.
    races.#port = (server.address() as AddressInfo).port;
    releaseAfterwards(() => {
      server.closeAllConnections();
      races.pool.stop();
      return new Promise((resolve) => server.close(resolve));
    });
    return races;
  }

  /** Sends a request; its race has begun, and no attempt. */
  async begin(bytes: Buffer): Promise<Started & { readonly client: RawClient }> {
    const client = await RawClient.connect(this.#port);
    client.send(bytes);
    const next = this.#started.shift();
    const started = next ?? (await within(this.#next(), 10_000, 'the beginning of a race'));
    return { ...started, client };
  }

  #next(): Promise<Started> {
    return new Promise((resolve) => this.#wanted.push(resolve));
  }

  /** How the attempts ended that are over, in that order: `A answered`. */
  get results(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'attempt-finished' ? [`${event.upstream.name} ${event.result}`] : [],
    );
  }

  async #begin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { exchange } = admit(request, response, this.#settings);
    const limits = { maxBodyBytes: 1e6, maxReplayBodyBytes: 1e5, clientBodyTimeoutMs: 30_000 };
    await receiveBody(exchange, limits, this.clock);
    classify(exchange, this.pool, 100);
    const started = { race: new Race(exchange, this.pool), exchange };
    const wanted = this.#wanted.shift();
    if (wanted) wanted(started);
    else this.#started.push(started);
  }
}
