import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Linux keeps the groups of control groups, version 1. */
const ROOT = '/sys/fs/cgroup/cpu';
/** Short, so that a process that has used up its part does not stand still for long. */
const PERIOD_US = 10_000;
/** Before what else the machine does. */
const SHARES = 50_000;

const made = [];

/** Gives a process this part of one core at most, or with Infinity all that it wants. False where that is not possible. */
export function limitCpu(pid, part) {
  const group = join(ROOT, `rpc-load-balancer-bench-${process.pid}-${pid}`);
  try {
    mkdirSync(group);
    made.push({ group, pid });
    writeFileSync(join(group, 'cpu.shares'), `${SHARES}`);
    writeFileSync(join(group, 'cpu.cfs_period_us'), `${PERIOD_US}`);
    if (Number.isFinite(part))
      writeFileSync(join(group, 'cpu.cfs_quota_us'), `${Math.round(PERIOD_US * part)}`);
    writeFileSync(join(group, 'cgroup.procs'), `${pid}`);
    return true;
  } catch {
    return false;
  }
}

/** To be called when the processes have ended. */
export function removeLimits() {
  for (const { group } of made.splice(0)) {
    try {
      rmdirSync(group);
    } catch {
      // Not made, or somebody is still in it.
    }
  }
}
