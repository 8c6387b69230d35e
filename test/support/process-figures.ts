import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What a process costs the system. */

/** Resident memory in MB (2^20 bytes). */
export function residentMb(pid: number): number {
  // A process for each look would cost more than what is looked at.
  const status = process.platform === 'linux' ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
  const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return Number(kb ?? execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) / 1024;
}

/** Open files and sockets; undefined where the system does not tell. */
export function openFiles(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

/** Follows the resident memory of a process; the result tells the most it grew by, in MB, and stops. */
export function watchGrowth(pid: number): () => number {
  const before = residentMb(pid);
  let most = before;
  const look = () => {
    most = Math.max(most, residentMb(pid));
  };
  const timer = setInterval(look, 100);
  return () => {
    clearInterval(timer);
    look();
    return most - before;
  };
}
