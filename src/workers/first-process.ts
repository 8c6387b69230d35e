/** The first process, as a worker sees it. */

import type { Socket } from 'node:net';
import type { FromWorker, Start, ToWorker } from './messages.ts';

export interface FirstProcess {
  /** What it says first. */
  readonly start: Promise<Start>;
  /** Does nothing when it is gone. Resolves when the message is written. */
  send(message: FromWorker): Promise<void>;
  /** Passes on all that it says after that, also what it has said already. `onGone`: it has ended. */
  attach(listener: FirstProcessListener): void;
}

export interface FirstProcessListener {
  hear(message: Exclude<ToWorker, Start>, connection: Socket | undefined): void;
  onGone(): void;
}

/** By the channel that this process was started with. Without a listener the process ends with the first one. */
export function connectFirstProcess(): FirstProcess {
  let listener: FirstProcessListener = { hear: (...said) => early.push(said), onGone: () => process.exit(0) };
  const early: Parameters<FirstProcessListener['hear']>[] = [];
  let onStart = (_start: Start): void => {};
  const start = new Promise<Start>((resolve) => {
    onStart = resolve;
  });
  process.on('message', (received, connection) => {
    // Nobody else writes to this channel, and all that is handed over is a connection.
    const message = received as ToWorker;
    if (message.type === 'start') onStart(message);
    else listener.hear(message, connection as Socket | undefined);
  });
  process.on('disconnect', () => listener.onGone());
  return {
    start,
    send: (message) =>
      new Promise((resolve) => {
        if (process.connected && process.send) process.send(message, undefined, {}, () => resolve());
        else resolve();
      }),
    attach(next) {
      listener = next;
      for (const said of early.splice(0)) next.hear(...said);
    },
  };
}
