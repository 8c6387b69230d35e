// As much of Redis as replicas use, with the way to it, and what goes over it.

/** What RESP adds to each text: its length, and line ends. */
const FRAME_BYTES = 8;

const sizeOf = (value) =>
  Array.isArray(value)
    ? value.reduce((sum, each) => sum + sizeOf(each), FRAME_BYTES)
    : String(value).length + FRAME_BYTES;

export class SimulatedRedis {
  commands = 0;
  bytes = 0;
  /** Messages that replicas have heard. */
  heard = 0;
  hash = new Map();
  #clock;
  #random;
  #loss;
  #listeners = new Set();

  /** @param loss the share of messages that get lost */
  constructor({ clock, random, loss = 0 }) {
    this.#clock = clock;
    this.#random = random;
    this.#loss = loss;
  }

  resetCounts() {
    this.commands = 0;
    this.bytes = 0;
    this.heard = 0;
  }

  /** Everything is gone. */
  empty() {
    this.hash.clear();
  }

  open = async () => {
    const hear = { listener: () => {} };
    return {
      ask: (commands) => this.#later(() => commands.map((command) => this.#answer(command))),
      subscribe: async (_, listener) => {
        hear.listener = listener;
        this.#listeners.add(hear);
      },
      ping: () => this.#later(() => undefined),
      destroy: () => this.#listeners.delete(hear),
    };
  };

  #later(answer) {
    const oneWayMs = () => 0.5 + this.#random();
    return new Promise((resolve) => {
      this.#clock.after(oneWayMs(), () => {
        const answered = answer();
        this.#clock.after(oneWayMs(), () => resolve(answered));
      });
    });
  }

  #answer(command) {
    const answered = this.#run(command);
    this.commands += 1;
    this.bytes += sizeOf(command) + sizeOf(answered);
    return answered;
  }

  #run([name, , ...args]) {
    switch (name) {
      case 'TIME': {
        const nowMs = this.#clock.wallMs();
        return [String(Math.floor(nowMs / 1_000)), String(Math.floor((nowMs % 1_000) * 1_000))];
      }
      case 'HLEN':
        return this.hash.size;
      case 'MEMORY':
        return 1;
      case 'HSET':
        for (let at = 0; at < args.length; at += 2) this.hash.set(args[at], args[at + 1]);
        return args.length / 2;
      case 'HDEL':
        for (const field of args) this.hash.delete(field);
        return args.length;
      case 'HGETALL':
        return [...this.hash].flat();
      case 'PUBLISH':
        this.#publish(args[0]);
        return this.#listeners.size;
      case 'PEXPIRE':
        return 1;
      default:
        throw new Error(`not simulated: ${name}`);
    }
  }

  #publish(message) {
    for (const { listener } of this.#listeners) {
      if (this.#random() < this.#loss) continue;
      this.heard += 1;
      this.bytes += sizeOf(message);
      this.#clock.after(0.5 + this.#random(), () => listener(message));
    }
  }
}
