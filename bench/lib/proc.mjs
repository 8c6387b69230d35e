import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** USER_HZ: what Linux counts in towards programs, whatever the kernel itself ticks in. */
const TICKS_PER_SECOND = 100;

/** Whether this system tells about processes as Linux does. */
export function hasProc() {
  try {
    return readFileSync('/proc/self/stat').length > 0;
  } catch {
    return false;
  }
}

/**
 * CPU time so far of a process, all its threads and its living descendants, user and system, in ms.
 * NaN once it has ended.
 */
export function cpuMs(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name, in brackets, may hold blanks; what follows it begins with field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const own = ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
    return childrenOf(pid).reduce((sum, child) => sum + cpuMs(child), own);
  } catch {
    return Number.NaN;
  }
}

function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim();
    return list === '' ? [] : list.split(' ');
  });
}

/** Resident memory of one process in MiB. */
export function rssMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) / 1_024;
}

/** What one process has open: sockets, and all descriptors together. */
export function openFiles(pid) {
  const folder = `/proc/${pid}/fd`;
  const targets = readdirSync(folder).map((number) => {
    try {
      return readlinkSync(`${folder}/${number}`);
    } catch {
      // Closed since it was listed.
      return undefined;
    }
  });
  const open = targets.filter((target) => target !== undefined);
  return { sockets: open.filter((target) => target.startsWith('socket:')).length, all: open.length };
}
