import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startProgram, stopProgram } from './programs.mjs';
import { ANSWER, QUESTION } from './question.mjs';

const generator = fileURLToPath(new URL('load-generator.mjs', import.meta.url));

/**
 * Closed-loop load from a process of its own: each connection sends the question, awaits the answer, and
 * again. `plan`: port, connections, warmUpMs, measureMs, watched (name -> pid, whose CPU time is taken),
 * callsPerConnection (then the connection is closed and another opened), method (POST), path (/), answerLength (of
 * ANSWER). Resolves to the generator's report (see there). Throws when the generator fails.
 */
export async function load(plan, core) {
  const program = startProgram('load generator', { args: [generator], core, ipc: true });
  const usual = { method: 'POST', path: '/', answerLength: Buffer.byteLength(ANSWER) };
  program.child.send({ ...usual, ...plan, question: QUESTION });
  const report = once(program.child, 'message').then(([message]) => message);
  const early = program.ended.then((how) => {
    throw new Error(`the load generator ended (${how}) without a report`);
  });
  try {
    return await Promise.race([report, early]);
  } finally {
    early.catch(() => {});
    await stopProgram(program);
  }
}
