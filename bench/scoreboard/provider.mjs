import { createServer } from 'node:net';
import { monotonicMs } from './clock.mjs';
import { answerBytes, MessageReader } from './http1.mjs';
import { makeLimiter } from './limiters.mjs';
import { answerTo, unitsOf } from './questions.mjs';

const HOST = '127.0.0.1';
const SLOWER = 100;
const HTML = '<html><body>One moment please</body></html>';

/** What becomes of a request while the provider fails. `down` closes the port besides; `slow` is no failure. */
const failures = {
  silent: () => {},
  reset: (socket) => socket.resetAndDestroy(),
  unavailable: (socket) =>
    socket.write(answerBytes({ status: 503, type: 'text/plain', body: 'Service Unavailable' })),
  html: (socket) => socket.write(answerBytes({ type: 'text/html', body: HTML })),
  cut: (socket) => socket.end(answerBytes({ body: '{"jsonrpc":"2.0","id":', length: 5_000 })),
};

/** How a call over the limit is refused. */
const refusals = {
  429: { status: 429 },
  200: { status: 200 },
  'retry-after': { status: 429, lines: 'Retry-After: 1\r\n' },
};

function refusalOf(id) {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32005, message: 'rate limit exceeded' } });
}

/**
 * One simulated provider on a port of its own. `spec`: latencyMs [least, most] of each answer, refusals too;
 * limit (see limiters.mjs), `byUnits` when it counts compute units; refusal (429); stalls { share, ms }.
 */
export class Provider {
  /** Calls since the start, by what became of them. */
  counts = { accepted: 0, refused: 0, failed: 0 };
  #spec;
  #random;
  #limiter;
  #fault = 'none';
  #sockets = new Set();
  #server = createServer({ noDelay: true }, (socket) => this.#connected(socket));
  #port = 0;

  constructor(spec, random) {
    this.#spec = spec;
    this.#random = random;
    // Windows of different providers don't begin together.
    const offsetMs = random() * (spec.limit?.windowMs ?? 0);
    this.#limiter = makeLimiter(spec.limit && { offsetMs, ...spec.limit });
  }

  /** Resolves to the port, the same each time. */
  listen() {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, HOST, () => {
        this.#port = this.#server.address().port;
        resolve(this.#port);
      });
    });
  }

  close() {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** `fault`: how it fails from now on, or `none`; `limit`: new numbers of its limiter. */
  async change({ fault = this.#fault, limit }) {
    if (limit !== undefined) this.#limiter.set(limit);
    const before = this.#fault;
    this.#fault = fault;
    if (fault === 'down' && before !== 'down') this.close();
    if (fault !== 'down' && before === 'down') await this.listen();
  }

  #connected(socket) {
    const reader = new MessageReader();
    this.#sockets.add(socket);
    socket.on('data', (chunk) => {
      const message = reader.take(chunk);
      if (message === undefined) return;
      // Balancers may also look whether there is anything at all.
      if (message.body === '') socket.write(answerBytes({ status: 404, body: '' }));
      else this.#take(JSON.parse(message.body), socket);
    });
    // A balancer may drop a connection as it likes.
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #take(call, socket) {
    const fail = failures[this.#fault];
    if (fail !== undefined) {
      this.counts.failed += 1;
      return fail(socket);
    }
    const passes = this.#limiter.take(monotonicMs(), this.#spec.byUnits ? unitsOf(call.method) : 1);
    this.counts[passes ? 'accepted' : 'refused'] += 1;
    const { refusal = 429 } = this.#spec;
    const answer = passes ? { body: answerTo(call) } : { ...refusals[refusal], body: refusalOf(call.id) };
    // The work is done whether the balancer waits for it or not.
    setTimeout(() => {
      if (passes) this.#limiter.leave();
      if (socket.writable) socket.write(answerBytes(answer));
    }, this.#latencyMs());
  }

  #latencyMs() {
    const [least, most] = this.#spec.latencyMs;
    const latency = least + (most - least) * this.#random();
    const { stalls } = this.#spec;
    if (stalls !== undefined && this.#random() < stalls.share) return latency + stalls.ms;
    return this.#fault === 'slow' ? latency * SLOWER : latency;
  }
}
