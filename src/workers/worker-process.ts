/** A process that serves clients, as the first process sees it. */

import { fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { FromWorker, ToWorker } from './messages.ts';

/** By which a process knows that it is a worker. */
const WORKER_MARK = 'RPC_LOAD_BALANCER_WORKER';

/** Why a process has ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Does nothing when it is gone. The connection stays open in this process. */
  send(message: ToWorker, connection?: Socket): void;
  /** Ends it at once. */
  kill(): void;
  onMessage(hear: (message: FromWorker) => void): void;
  /** After its last message. */
  onEnd(run: (ending: Ending) => void): void;
}

/** Runs this program once more. */
export function forkWorker(): WorkerProcess {
  const [, program = ''] = process.argv;
  const child = fork(program, {
    // A debugger can have its port once.
    execArgv: process.execArgv.filter((option) => !option.startsWith('--inspect')),
    env: { ...process.env, [WORKER_MARK]: '1' },
    serialization: 'advanced',
  });
  const ignore = () => {};
  let onEnd: (ending: Ending) => void = ignore;
  // What can't be sent is for one that is gone, or did not start at all.
  child.on('error', () => {
    if (child.pid === undefined) onEnd({ code: null, signal: null });
  });
  child.on('close', (code: number | null, signal: NodeJS.Signals | null) => onEnd({ code, signal }));
  return {
    pid: child.pid,
    send(message, connection) {
      if (child.connected) child.send(message, connection, { keepOpen: true }, ignore);
    },
    kill: () => void child.kill('SIGKILL'),
    onMessage(hear) {
      // Nobody else writes to this channel.
      child.on('message', (message) => hear(message as FromWorker));
    },
    onEnd(run) {
      onEnd = run;
    },
  };
}
