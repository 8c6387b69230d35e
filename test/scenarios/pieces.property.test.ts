// Whatever upstreams take at once: what was asked for in pieces is answered as if it had been asked for whole.
import { expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post } from '../support/http-client.ts';
import { getLogs, type LogServer, logServer } from '../support/log-server.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc } from '../support/properties.ts';

const clock = new ManualClock();
const upstreams = await Promise.all(['A', 'B', 'C'].map((label) => FakeUpstream.start(label)));
const { url } = await startApp({
  primaries: upstreams.slice(0, 2),
  fallbacks: upstreams.slice(2),
  flags: ['--pacing=off'],
  clock,
});

const WORDS: readonly ((blocks: number, limit: number) => string)[] = [
  (blocks, limit) => `range ${blocks} exceeds limit of ${limit}`,
  (_, limit) => `eth_getLogs is limited to a ${limit} range`,
  (blocks, limit) => `requested ${blocks - 1} blocks, max block range: ${limit}`,
  () => 'block range is too large',
];

const anyServer = fc.record({
  maxBlocks: fc.integer({ min: 1, max: 70 }),
  words: fc.constantFrom(...WORDS),
  // No block has more, so that each can be had.
  maxLogs: fc.integer({ min: 3, max: 60 }),
});
/** How many logs each block has. */
const anyDensity = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 9 });
const anyCall = fc.record({
  from: fc.integer({ min: 0, max: 200 }),
  blocks: fc.integer({ min: 1, max: 60 }),
});

it('logs in pieces are the logs of the whole, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(anyServer, anyServer, anyServer),
      anyDensity,
      fc.array(anyCall, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      async (servers, density, calls, forgets) => {
        // Else the limits of the last round are believed, which are others now.
        if (forgets) clock.advance(3_600_000);
        const logsIn = (block: number) => density[block % density.length] ?? 0;
        servers.forEach(({ maxBlocks, words, maxLogs }, index) => {
          const server: LogServer = {
            logsIn,
            maxBlocks,
            maxLogs,
            refusal: (blocks) => words(blocks, maxBlocks),
          };
          upstreams[index]?.use(logServer(server));
        });
        const bodies = calls.map(({ from, blocks }, id) => getLogs(from, from + blocks - 1, `${id}`));
        const response = await post(url, bodies.length > 1 ? `[${bodies.join()}]` : (bodies[0] ?? ''));
        const answers: unknown[] = [response.json()].flat();
        expect(answers).toEqual(
          calls.map(({ from, blocks }, id) => ({ jsonrpc: '2.0', id, result: logs(from, blocks, logsIn) })),
        );
      },
    ),
    { numRuns: 25 },
  );
  const stats: unknown = (await http(`${url}/stats`)).json();
  expect(stats).toMatchObject([
    { failures: 0, state: 'usable' },
    { failures: 0, state: 'usable' },
    { failures: 0, state: 'usable' },
  ]);
});

function logs(from: number, blocks: number, logsIn: (block: number) => number): unknown[] {
  const found: unknown[] = [];
  for (let block = from; block < from + blocks; block++)
    for (let index = 0; index < logsIn(block); index++)
      found.push({
        blockNumber: `0x${block.toString(16)}`,
        logIndex: index,
        data: 'A',
        removed: index % 2 === 1,
      });
  return found;
}
