import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Daemon } from './daemon.ts';
import { until } from './waiting.ts';

/** The processes that a daemon has started and that live. */
export function workersOf({ pid }: Pick<Daemon, 'pid'>): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((each) => parentOf(each) === pid);
}

/** Resolves when none of these processes lives any more. */
export async function ended(pids: readonly number[], ms = 10_000): Promise<void> {
  await until(() => pids.every((pid) => parentOf(pid) === undefined), 'the end of the workers', ms);
}

/** How many sockets a process has. */
export function openSockets(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((name) => readlinkSync(`${folder}/${name}`).startsWith('socket:')).length;
}

/** Undefined where there is no such process, or only what is left of one. */
function parentOf(pid: number): number | undefined {
  try {
    // The name before it, in brackets, may have blanks.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}
