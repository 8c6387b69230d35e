import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { type Clock, systemClock } from '../../src/clock.ts';
import { runCheck } from '../../src/commands/check.ts';
import { loadConfig } from '../../src/config/load.ts';
import { Announcer } from '../../src/events.ts';
import { createDialer } from '../../src/network/index.ts';
import type { Behaviour } from '../support/behaviours.ts';
import { answerEach, errorMember, type ScriptedCall } from '../support/rpc-script.ts';
import { seededRandom } from '../support/seeded-random.ts';

export interface Checked {
  readonly code: number;
  readonly lines: readonly string[];
  readonly text: string;
}

/** `--check` in this process, with these flags. */
export async function check(flags: readonly string[], clock: Clock = systemClock): Promise<Checked> {
  const loaded = loadConfig({ argv: ['--check', ...flags], env: {}, cwd: tmpdir(), isTerminal: false });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const lines: string[] = [];
  const { format, nearMisses, warnings } = loaded;
  const dialer = createDialer({ clock, random: seededRandom(1), announcer: new Announcer() });
  const input = { settings: loaded, format, version: '1.2.3', warnings, nearMisses };
  const code = await runCheck(input, (line) => lines.push(line), { clock, dialer });
  return { code, lines, text: lines.join('\n') };
}

/** What the JSON document says of the only pool's upstreams, by name, and as a whole. */
export async function checkJson(flags: readonly string[], clock: Clock = systemClock) {
  const { code, lines } = await check([...flags, '--format=json'], clock);
  const document = JSON.parse(lines.join('\n'));
  const upstreams = new Map<string, Record<string, unknown>>();
  for (const pool of document.pools) for (const each of pool.upstreams) upstreams.set(each.name, each);
  const of = (name: string): Record<string, unknown> => upstreams.get(name) ?? {};
  const codes: string[] = document.advice.map((advice: { code: string }) => advice.code);
  return { code, document, of, codes };
}

/** What a node says; a text in place of a result is the message of its error. */
export interface NodeWords {
  readonly chain?: number;
  readonly head?: number;
  /** Nodes with the same one have the same blocks. */
  readonly fork?: string;
  readonly version?: string;
  /** Its error for a range of so many blocks; undefined where it takes them. */
  readonly refusesLogs?: (blocks: number) => string | undefined;
  readonly refusesState?: string;
  /** Its answer to a batch of so many calls in place of theirs. */
  readonly refusesBatch?: (calls: number) => string | undefined;
  readonly acceptsWebSockets?: boolean;
}

const hex = (value: number) => `0x${value.toString(16)}`;

/** An Ethereum node. */
export function ethereumNode(words: NodeWords = {}): Behaviour {
  const single = answerEach((call) => answerOf(call, words));
  return {
    at: 'body',
    run(socket, request) {
      const body = request.body.toString();
      const refusal = body.startsWith('[') ? words.refusesBatch?.(JSON.parse(body).length) : undefined;
      if (request.method === 'GET') socket.write(switched(request.header('sec-websocket-key') ?? '', words));
      else if (refusal !== undefined) {
        const text = `{"jsonrpc":"2.0","id":null,${refusal}}`;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
      } else if (single.at !== 'connect') single.run(socket, request);
    },
  };
}

function answerOf(call: ScriptedCall, words: NodeWords): string {
  const { chain = 1, head = 2_000_000, fork = 'main', version = 'Geth/v1.14.12/linux', refusesState } = words;
  const result = (value: unknown) => `"result":${JSON.stringify(value)}`;
  const { params } = JSON.parse(call.source);
  switch (call.method) {
    case 'eth_chainId':
      return result(hex(chain));
    case 'eth_blockNumber':
      return result(hex(head));
    case 'web3_clientVersion':
      return result(version);
    case 'eth_getBlockByNumber':
      return result({ hash: `0x${createHash('sha256').update(`${fork} ${params[0]}`).digest('hex')}` });
    case 'eth_getBalance':
      return refusesState === undefined ? result('0x0') : errorMember(-32_000, refusesState);
    case 'eth_getLogs': {
      const refusal = words.refusesLogs?.(Number(params[0].toBlock) - Number(params[0].fromBlock) + 1);
      return refusal === undefined ? result([]) : errorMember(-32_602, refusal);
    }
    default:
      return errorMember(-32_601, 'the method does not exist');
  }
}

function switched(key: string, { acceptsWebSockets = true }: NodeWords): string {
  if (!acceptsWebSockets) return 'HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}
