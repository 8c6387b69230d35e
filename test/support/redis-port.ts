import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { releaseAfterwards } from './leftovers.ts';

/** Listens as Redis does, holds nothing, and keeps all that it is sent but the login. */
export interface RedisPort {
  readonly port: number;
  /** Commands with their arguments. */
  readonly sent: readonly (readonly string[])[];
}

const OK = '+OK\r\n';
const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

function answerTo([name = '', first = '']: readonly string[], channels: number): string {
  switch (name.toUpperCase()) {
    case 'TIME':
      return `*2\r\n${bulk(String(Math.floor(Date.now() / 1_000)))}${bulk('0')}`;
    case 'HGETALL':
      return '*0\r\n';
    case 'GET':
      return '$-1\r\n';
    case 'PTTL':
      return ':-2\r\n';
    case 'HLEN':
    case 'HSET':
    case 'HDEL':
    case 'MEMORY':
    case 'PEXPIRE':
    case 'PUBLISH':
    case 'DEL':
      return ':0\r\n';
    case 'SUBSCRIBE':
      return `*3\r\n${bulk('subscribe')}${bulk(first)}:${channels + 1}\r\n`;
    case 'PING':
      return channels > 0 ? `*2\r\n${bulk('pong')}${bulk('')}` : '+PONG\r\n';
    default:
      return OK;
  }
}

export async function startRedisPort(): Promise<RedisPort> {
  const sent: string[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    let channels = 0;
    socket.setEncoding('latin1').on('data', (data) => {
      text += data;
      for (let read = readCommand(text); read; read = readCommand(text)) {
        text = text.slice(read.length);
        if (read.command[0]?.toUpperCase() !== 'AUTH') sent.push(read.command);
        socket.write(answerTo(read.command, channels));
        if (read.command[0]?.toUpperCase() === 'SUBSCRIBE') channels += 1;
      }
    });
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  releaseAfterwards(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  // A TCP server that listens has an address with a port.
  return { port: (server.address() as AddressInfo).port, sent };
}

/** The first command of the text, as a list of texts with their lengths; undefined when it has not arrived as a whole. */
function readCommand(text: string): { command: string[]; length: number } | undefined {
  const [head, count] = /^\*(\d+)\r\n/.exec(text) ?? [];
  if (head === undefined) return undefined;
  const command: string[] = [];
  let at = head.length;
  for (let left = Number(count); left > 0; left--) {
    const end = text.indexOf('\r\n', at);
    const from = end + 2;
    const length = Number(text.slice(at + 1, end));
    if (end < 0 || text.length < from + length + 2) return undefined;
    command.push(Buffer.from(text.slice(from, from + length), 'latin1').toString());
    at = from + length + 2;
  }
  return { command, length: at };
}
