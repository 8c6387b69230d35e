// Sends the load that load.mjs describes: gets the plan as its first message, answers with one report:
//   seconds       the measured time
//   good          answers in it with status 200 and the right length
//   wrong         other answers, and connections that broke, since the start; `sample` is the first one
//   p50Ms, p99Ms  latency of the good ones
//   cpuMs         name -> CPU time used by each watched process in the measured time; `generator` is this one
// It does as little as it can for each answer, for it shares its core with the upstream.
import { connect } from 'node:net';
import { Latencies } from './latencies.mjs';
import { cpuMs, hasProc } from './proc.mjs';

const HEAD_END = Buffer.from('\r\n\r\n');
const AGAIN_AFTER_MS = 20;

/** Every connection reads into this one; what must outlive the callback is copied. */
const shared = Buffer.allocUnsafe(64 * 1024);

class Run {
  latencies = new Latencies();
  measuring = false;
  stopped = false;
  wrong = 0;
  sample;

  constructor(plan) {
    this.plan = plan;
    this.request = Buffer.from(
      `${plan.method} ${plan.path} HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(plan.question)}\r\n\r\n${plan.question}`,
    );
  }

  fail(what) {
    this.wrong += 1;
    this.sample ??= what;
  }
}

class Connection {
  #run;
  #socket;
  #sentMs;
  #partial;
  #calls = 0;
  /** `idle` is a moment in which the other side may close without breaking anything. */
  #state = 'opening';

  constructor(run) {
    this.#run = run;
    this.open();
  }

  open() {
    const onread = { buffer: shared, callback: (size) => this.#received(size) };
    this.#partial = undefined;
    this.#calls = 0;
    this.#state = 'opening';
    let why = 'no error';
    this.#socket = connect({ host: '127.0.0.1', port: this.#run.plan.port, noDelay: true, onread });
    this.#socket.once('connect', () => this.#send());
    this.#socket.on('error', (error) => {
      why = error.message;
    });
    this.#socket.once('close', () => this.#closed(why));
  }

  close() {
    this.#socket.destroy();
  }

  #send() {
    this.#state = 'waiting';
    this.#sentMs = performance.now();
    this.#socket.write(this.#run.request);
  }

  #closed(why) {
    const run = this.#run;
    if (run.stopped) return;
    if (this.#state === 'idle') return this.open();
    if (this.#state !== 'failed') run.fail(`a connection broke (${why})`);
    // Not at once: where nobody listens this would be a busy loop.
    setTimeout(() => run.stopped || this.open(), AGAIN_AFTER_MS);
  }

  #received(size) {
    const chunk = shared.subarray(0, size);
    const bytes = this.#partial === undefined ? chunk : Buffer.concat([this.#partial, chunk]);
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd < 0) return this.#keep(bytes);
    const head = bytes.latin1Slice(0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
    if (bytes.length < headEnd + 4 + length) return this.#keep(bytes);
    this.#partial = undefined;
    this.#answered(head, length, bytes.length - headEnd - 4);
    return true;
  }

  #keep(bytes) {
    this.#partial = Buffer.from(bytes);
    return true;
  }

  #answered(head, length, received) {
    const run = this.#run;
    const right = head.startsWith(' 200', 8) && length === run.plan.answerLength && received === length;
    if (!right) {
      run.fail(`an answer with a body of ${received} bytes, and this head:\n${head}`);
      this.#state = 'failed';
      // Where the next answer would begin is not sure.
      return this.close();
    }
    this.#state = 'idle';
    if (run.measuring) run.latencies.add(performance.now() - this.#sentMs);
    this.#calls += 1;
    const last = this.#calls === run.plan.callsPerConnection || /\r\nconnection: *close/i.test(head);
    if (last) this.close();
    else this.#send();
  }
}

function cpuOf(watched) {
  if (!hasProc()) return {};
  return Object.fromEntries(Object.entries(watched).map(([name, pid]) => [name, cpuMs(pid)]));
}

function runPlan(plan) {
  const run = new Run(plan);
  const watched = { ...plan.watched, generator: process.pid };
  const connections = Array.from({ length: plan.connections }, () => new Connection(run));
  setTimeout(() => {
    const before = cpuOf(watched);
    const start = performance.now();
    run.measuring = true;
    setTimeout(() => {
      const seconds = (performance.now() - start) / 1_000;
      const after = cpuOf(watched);
      run.stopped = true;
      run.measuring = false;
      for (const connection of connections) connection.close();
      process.send({
        seconds,
        good: run.latencies.count,
        wrong: run.wrong,
        sample: run.sample,
        p50Ms: run.latencies.percentile(0.5),
        p99Ms: run.latencies.percentile(0.99),
        cpuMs: Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]])),
      });
    }, plan.measureMs);
  }, plan.warmUpMs);
}

process.once('message', runPlan);
process.once('disconnect', () => process.exit());
