import { readFileSync } from 'node:fs';
import { findProgram } from './find-program.mjs';

/**
 * One core for the proxy, another one for the load and the upstream, so that neither takes time from the
 * other. Undefined where that can't be had: no taskset, or fewer than two cores that we may use.
 */
export function chooseCores() {
  const taskset = findProgram('taskset');
  const [proxy, load] = allowedCores();
  if (taskset === undefined || load === undefined) {
    const why = taskset === undefined ? 'taskset is not installed' : 'fewer than two cores';
    return { proxy: undefined, load: undefined, sentence: `Nothing is pinned (${why}): figures vary more.` };
  }
  return {
    proxy: { taskset, number: proxy },
    load: { taskset, number: load },
    sentence: `The proxy runs on core ${proxy}; load generator and upstream share core ${load}.`,
  };
}

/** `[command, args]` so that the process stays on the core; taskset replaces itself, the pid is the program's. */
export function pinned(core, command, args) {
  return core === undefined ? [command, args] : [core.taskset, ['-c', `${core.number}`, command, ...args]];
}

/** Numbers of the cores that this process may use, which needn't begin at 0 in a container. */
function allowedCores() {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
    return list.split(',').flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  } catch {
    return [];
  }
}
