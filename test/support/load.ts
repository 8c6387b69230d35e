import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpResponse, http } from './http-client.ts';

export interface Load {
  readonly url: string;
  readonly durationMs: number;
  /** Of `clients`: they go on while it is true, whatever the duration. */
  readonly goesOn?: (report: LoadReport) => boolean;
  /** So many requests per second, however long each takes; without it, `clients` ask one after the other. */
  readonly ratePerSecond?: number;
  readonly clients?: number;
  readonly method?: string;
  /** The result that a good answer holds. */
  readonly expected: unknown;
}

export interface LoadReport {
  sent: number;
  good: number;
  /** Answers with another status, id or result. */
  bad: number;
  /** Connections that broke. */
  errors: number;
  /** What was wrong, and how often. */
  readonly faults: Map<string, number>;
  /** Milliseconds of each answered request. */
  readonly latenciesMs: number[];
}

/** JSON-RPC calls over kept connections; every answer is checked against its own question. */
export async function load(plan: Load): Promise<LoadReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.clients ?? 64 });
  const report: LoadReport = { sent: 0, good: 0, bad: 0, errors: 0, faults: new Map(), latenciesMs: [] };
  const end = performance.now() + plan.durationMs;
  if (plan.ratePerSecond === undefined) {
    const { goesOn = () => performance.now() < end } = plan;
    const client = async () => {
      while (goesOn(report)) await call(plan, agent, report);
    };
    await Promise.all(Array.from({ length: plan.clients ?? 8 }, client));
  } else {
    await fixedRate(plan, plan.ratePerSecond, () => call(plan, agent, report));
  }
  agent.destroy();
  return report;
}

async function fixedRate(plan: Load, ratePerSecond: number, run: () => Promise<void>): Promise<void> {
  const start = performance.now();
  const total = Math.round((plan.durationMs * ratePerSecond) / 1_000);
  const calls: Promise<void>[] = [];
  while (calls.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - start) * ratePerSecond) / 1_000) + 1);
    while (calls.length < due) calls.push(run());
    await sleep(2);
  }
  await Promise.all(calls);
}

async function call(plan: Load, agent: Agent, report: LoadReport): Promise<void> {
  const id = ++report.sent;
  const start = performance.now();
  const { url, method = 'eth_blockNumber', expected } = plan;
  const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: [] });
  try {
    const headers = { 'content-type': 'application/json' };
    const fault = faultOf(await http(url, { method: 'POST', headers, body, agent }), id, expected);
    report.latenciesMs.push(performance.now() - start);
    if (fault === undefined) report.good++;
    else {
      report.bad++;
      count(report, fault);
    }
  } catch (error) {
    report.errors++;
    count(report, `${error}`);
  }
}

function faultOf(response: HttpResponse, id: number, expected: unknown): string | undefined {
  if (response.status !== 200) return `status ${response.status}: ${response.text.slice(0, 200)}`;
  // The members that are looked at are compared, whatever they hold.
  const reply = response.json() as { id?: unknown; result?: unknown };
  if (reply.id !== id) return 'the answer to another question';
  if (JSON.stringify(reply.result) !== JSON.stringify(expected))
    return `result ${JSON.stringify(reply.result)}`;
  return undefined;
}

function count({ faults }: LoadReport, fault: string): void {
  faults.set(fault, (faults.get(fault) ?? 0) + 1);
}
