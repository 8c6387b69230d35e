/** The program of a worker, which the first process has started: it serves clients. */

import { WorkerApp } from './app/worker.ts';
import { systemClock } from './clock.ts';
import { logDefects } from './defects.ts';
import { createLog, type Log } from './log.ts';
import { systemRandom } from './random.ts';
import { connectFirstProcess } from './workers/first-process.ts';
import type { Start } from './workers/messages.ts';
import { configOf } from './workers/settings-copy.ts';

/** Resolves when it serves. */
export async function serveAsWorker(): Promise<void> {
  const first = connectFirstProcess();
  const start = await first.start;
  const log = await logOf(start);
  const { logger } = log;
  const end = (status: number): void => process.exit(status);
  process.on('exit', () => log.flush());
  logDefects(logger, end);
  const runtime = { clock: systemClock, random: systemRandom, logger };
  const worker = new WorkerApp(start, { runtime, log, first, end });
  await worker.serve();
  first.attach(worker);
}

function logOf({ settings, worker }: Start): Promise<Log> {
  const { logLevel: level, logFormat: format } = configOf(settings.config);
  return createLog({ level, format, secrets: settings.secrets, worker, isShared: true });
}
