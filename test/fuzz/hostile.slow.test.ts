// A stranger with 20 connections and 30 seconds tries everything at random. Whatever it does, the process stays
// below a bound, lives, and answers an ordinary client all the while.
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it } from 'vitest';
import { authority } from '../server/secure.ts';
import { pairFiles } from '../support/certificates.ts';
import { startBalancer } from '../support/daemon.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { watchGrowth } from '../support/process-figures.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { until } from '../support/waiting.ts';
import { ATTACKS, type Attack, misbehave, STREAM_ATTACKS } from './hostile.ts';

const ALL = { ...ATTACKS, ...STREAM_ATTACKS };
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 30);
const CONNECTIONS = 20;
/** Each attack lasts so long at most; then its connection is given up, and the next one begins. */
const LONGEST_MS = 8_000;
/** Of which 256 MB are MAX_BUFFERED; the rest is garbage, of which a quick machine makes more before it is collected. */
const BOUND_MB = 500;

async function startUpstream(): Promise<string> {
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    if (misbehave(request)) return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.end(answerTo(Buffer.concat(chunks).toString())));
  });
  server.on('connection', (socket) => socket.on('error', () => {}));
  server.on('upgrade', (request) => misbehave(request));
  await new Promise<void>((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve),
  );
  releaseAfterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

/** A filter's id for each call, as far as calls can be made out. */
function answerTo(body: string): string {
  if (!body.includes('eth_newFilter')) return 'fine';
  const ids = [...body.matchAll(/"id":(\d+)/g)].map(([, id]) => id);
  return `[${ids.map((id) => `{"jsonrpc":"2.0","id":${id},"result":"0x${Math.random()}"}`).join()}]`;
}

/** One connection after the other, each for a random attack, until the time is over. */
async function attack(
  names: readonly string[],
  seed: number,
  target: Omit<Parameters<Attack>[0], 'forMs'>,
  endMs: number,
) {
  const random = seededRandom(seed);
  while (performance.now() < endMs) {
    const name = names[Math.floor(random() * names.length)] ?? '';
    const forMs = Math.min(random() * LONGEST_MS, endMs - performance.now());
    await ALL[name]?.({ ...target, forMs }).catch(() => {});
  }
}

/** Asks again and again for the simplest thing. How often it was answered, and what came instead. */
async function ordinaryClient(open: () => Socket, endMs: number) {
  const odd: string[] = [];
  let answered = 0;
  while (performance.now() < endMs) {
    const text = await ask(open());
    if (/^HTTP\/1.1 200 .*fine$/s.test(text)) answered += 1;
    else odd.push(text.slice(0, 200));
  }
  return { answered, odd };
}

function ask(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes;
    });
    socket.on('error', (error) => {
      text += error.message;
    });
    socket.on('close', () => resolve(text));
    socket.write('GET /ordinary HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  });
}

it.each([
  ['plain', ATTACKS],
  ['TLS', ALL],
  // Once more where it fails: what the system gives back of freed memory is a matter of chance.
])(`20 hostile connections for ${SECONDS} s: %s`, { retry: 1 }, async (kind, attacks) => {
  const pair = pairFiles(authority.certify(['localhost', '127.0.0.1']));
  const secure = kind === 'TLS';
  const daemon = await startBalancer({
    primaries: [await startUpstream()],
    fallbacks: [await startUpstream()],
    env: {
      // What others may see of an upstream's misdeeds is another test's matter.
      ERROR_TIME_TO_LIVE_MINUTES: '0.00001',
      // The upstreams share one busy process with the attackers.
      CONNECT_TIMEOUT: '20s',
      ATTEMPT_TIMEOUT: '20s',
      REQUEST_TIMEOUT: '2m',
      ...(secure ? { TLS_CERT_FILE: pair.certFile, TLS_KEY_FILE: pair.keyFile } : {}),
    },
  });
  const { port } = daemon;
  const open = () =>
    secure ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect(port, '127.0.0.1');
  await until(async () => (await ask(open())).includes('fine'), 'an answer');
  const growth = watchGrowth(daemon.pid);
  const endMs = performance.now() + SECONDS * 1_000;
  const seed = Number(process.env['FUZZ_SEED'] ?? 1);
  const names = Object.keys(attacks);
  const [ordinary] = await Promise.all([
    ordinaryClient(open, endMs),
    ...Array.from({ length: CONNECTIONS }, (_, index) =>
      attack(names, seed * 1_000 + index, { port, open }, endMs),
    ),
  ]);
  const grownMb = growth();
  console.log(`${kind}: ${Math.round(grownMb)} MB more, ${ordinary.answered} answers to others`);
  expect([daemon.hasExited, ordinary.odd]).toEqual([false, []]);
  expect(grownMb).toBeLessThan(BOUND_MB);
  expect(ordinary.answered).toBeGreaterThan(0);
});
