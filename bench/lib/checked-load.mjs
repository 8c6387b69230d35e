import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Latencies } from './latencies.mjs';

const TICK_MS = 5;
/** Longer than the daemon may take for anything. */
const PATIENCE_MS = 40_000;

/** A call that any upstream answers with its own first parameter. */
export function question(id) {
  const params = [`0x${id.toString(16).padStart(40, '0')}`, 'latest'];
  return {
    body: JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_getBalance', params }),
    result: params[0],
  };
}

/**
 * `perSecond` calls each second for so many seconds, however long each takes, every answer checked against
 * its own question. Latency counts from when the call was due. Resolves once the last one is answered.
 */
export async function checkedLoad({ port, perSecond, seconds }) {
  const agent = new Agent({ keepAlive: true });
  const report = { total: 0, good: 0, faults: new Map(), latencies: new Latencies() };
  const total = Math.round(perSecond * seconds);
  const calls = [];
  const start = performance.now();
  while (calls.length < total) {
    const due = Math.floor(((performance.now() - start) * perSecond) / 1_000) + 1;
    while (calls.length < Math.min(due, total)) {
      const dueMs = start + (calls.length * 1_000) / perSecond;
      calls.push(call(calls.length + 1, { port, agent, report, dueMs }));
    }
    await sleep(TICK_MS);
  }
  await Promise.all(calls);
  agent.destroy();
  return report;
}

async function call(id, { port, agent, report, dueMs }) {
  const { body, result } = question(id);
  const fault = await post({ port, agent, body }).then(
    (answer) => faultOf(answer, id, result),
    (error) => `no answer: ${error.message}`,
  );
  report.total += 1;
  report.latencies.add(performance.now() - dueMs);
  if (fault === undefined) report.good += 1;
  else report.faults.set(fault, (report.faults.get(fault) ?? 0) + 1);
}

function post({ port, agent, body }) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const outgoing = request({ host: '127.0.0.1', port, agent, method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.once('end', () => resolve({ status: response.statusCode, text }));
      response.once('error', reject);
    });
    outgoing.setTimeout(PATIENCE_MS, () => outgoing.destroy(new Error('timed out')));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** What is wrong with an answer, in words that many of a kind share; undefined for nothing. */
function faultOf({ status, text }, id, result) {
  try {
    const answer = JSON.parse(text);
    if (status !== 200 || answer.error !== undefined) {
      return `status ${status}, ${answer.error?.message ?? 'no error member'}`;
    }
    if (answer.id !== id) return 'the answer to another question (id)';
    return answer.result === result ? undefined : 'the answer to another question (result)';
  } catch {
    return `status ${status}, a body that is no JSON`;
  }
}
