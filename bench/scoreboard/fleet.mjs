import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startProgram, stopProgram } from '../lib/programs.mjs';

const file = fileURLToPath(new URL('fleet-process.mjs', import.meta.url));
/** So many clients, each with its connections kept, which wait so long for an answer. */
const usual = { clients: 25, patienceMs: 12_000, mix: { eth_getBalance: 1 } };

/**
 * Starts the load (see fleet-process.mjs for the plan). Resolves to { startMs, report }: when it began, and a
 * promise of what became of each call.
 */
export async function startFleet(plan) {
  const program = startProgram('fleet', { args: [file], ipc: true });
  const early = program.ended.then((how) => Promise.reject(new Error(`the fleet ended early (${how})`)));
  early.catch(() => {});
  const message = () => Promise.race([once(program.child, 'message').then(([first]) => first), early]);
  program.child.send({ ...usual, ...plan });
  const { startMs } = await message();
  const report = message().finally(() => stopProgram(program, 'SIGKILL'));
  report.catch(() => {});
  return { startMs, report };
}
