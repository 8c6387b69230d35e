import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { releaseAfterwards } from './leftovers.ts';
import { until } from './waiting.ts';

/** A port where a connection is neither made nor refused. */
export interface SilentPort {
  readonly port: number;
  /** Lets the process go on: who knocks again, as the system does after a second, is let in. */
  wake(): void;
}

/** The process behind it is halted and its backlog is full, so that the kernel drops whoever knocks. */
export async function startSilentPort(): Promise<SilentPort> {
  const script =
    "const s=require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},()=>console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  releaseAfterwards(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  child.kill('SIGSTOP');
  // Linux keeps one more than the backlog; the rest waits with us.
  const knocking = Array.from({ length: 6 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  releaseAfterwards(() => {
    for (const socket of knocking) socket.destroy();
  });
  const connected = () => knocking.filter((socket) => !socket.connecting).length;
  await until(() => connected() >= 2, 'a full backlog');
  return { port, wake: () => child.kill('SIGCONT') };
}
