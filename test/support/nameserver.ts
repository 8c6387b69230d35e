import { createSocket, type Socket } from 'node:dgram';
import { type Clock, systemClock } from '../../src/clock.ts';
import { createLookUp, type LookUp } from '../../src/network/look-up.ts';
import { releaseAfterwards } from './leftovers.ts';

/** What is said of a name: its addresses of each family, a failure, or nothing at all. */
export type Said =
  | { readonly a?: readonly string[]; readonly aaaa?: readonly string[]; readonly ttl?: number }
  | 'nxdomain'
  | 'servfail'
  | 'silence';

const A = 1;
const AAAA = 28;
const RCODES = { servfail: 2, nxdomain: 3 };

/** A nameserver on a UDP port of loopback. A name that it was not told of does not exist. */
export class Nameserver {
  /** `NAME/A` and `NAME/AAAA` as they were asked for, tries included. */
  readonly questions: string[] = [];
  readonly #said = new Map<string, Said>();
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (message, { port, address }) => {
      const answer = this.#answer(message);
      if (answer) socket.send(answer, port, address);
    });
  }

  static async start(names: Readonly<Record<string, Said>> = {}): Promise<Nameserver> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    releaseAfterwards(() => new Promise<void>((resolve) => socket.close(resolve)));
    const nameserver = new Nameserver(socket);
    for (const [name, said] of Object.entries(names)) nameserver.say(name, said);
    return nameserver;
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** Look-ups that ask this nameserver and nobody else. */
  lookUp(clock: Clock = systemClock): LookUp {
    const system = () => Promise.reject(Object.assign(new Error('nobody else'), { code: 'ENOTFOUND' }));
    const files = { hostsFile: '/dev/null', resolvConf: '/dev/null' };
    return createLookUp({ ...files, clock, nameservers: [this.address], system });
  }

  /** From now on this is said of a name. */
  say(name: string, said: Said): void {
    this.#said.set(name, said);
  }

  #answer(message: Buffer): Buffer | undefined {
    const labels: string[] = [];
    let end = 12;
    for (let length = message[end] ?? 0; length > 0; length = message[end] ?? 0) {
      labels.push(message.toString('latin1', end + 1, end + 1 + length));
      end += length + 1;
    }
    const name = labels.join('.').toLowerCase();
    const type = message.readUInt16BE(end + 1);
    this.questions.push(`${name}/${type === A ? 'A' : type === AAAA ? 'AAAA' : type}`);
    const said = this.#said.get(name) ?? 'nxdomain';
    if (said === 'silence') return undefined;
    const records = typeof said === 'string' ? [] : recordsOf(said, type);
    const head = Buffer.from(message.subarray(0, 12));
    head.writeUInt16BE(0x8180 | (typeof said === 'string' ? RCODES[said] : 0), 2);
    head.writeUInt16BE(records.length, 6);
    head.writeUInt32BE(0, 8);
    return Buffer.concat([head, message.subarray(12, end + 5), ...records]);
  }
}

function recordsOf({ a = [], aaaa = [], ttl = 60 }: Exclude<Said, string>, type: number): Buffer[] {
  const addresses = type === A ? a : type === AAAA ? aaaa : [];
  return addresses.map((address) => {
    const data = type === A ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
    // The name is that of the question, at offset 12.
    const fixed = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
    fixed.writeUInt32BE(ttl, 6);
    return Buffer.concat([fixed, data]);
  });
}

/** Of an address with at most one `::`. */
function ipv6Bytes(address: string): Buffer {
  const [left = '', right] = address.split('::');
  const words = (text: string) =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const [head, tail] = [words(left), words(right ?? '')];
  const zeros = new Array<number>(8 - head.length - tail.length).fill(0);
  return Buffer.from([...head, ...zeros, ...tail].flatMap((word) => [word >> 8, word & 0xff]));
}
