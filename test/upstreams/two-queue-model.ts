interface Entry<V> {
  readonly key: string;
  value: V;
  endMs: number;
}

/**
 * 2Q with a time to live, written so that it is plainly right: three arrays, oldest first, and a clock that
 * goes on by single milliseconds.
 */
export class TwoQueueModel<V> {
  capacity: number;
  readonly #memoryMs: number;
  #nowMs = 0;
  #a1in: Entry<V>[] = [];
  #a1out: { key: string; sinceMs: number }[] = [];
  #am: Entry<V>[] = [];

  constructor(capacity: number, memoryMs: number) {
    this.capacity = capacity;
    this.#memoryMs = memoryMs;
  }

  advance(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.#nowMs++;
      for (const entry of this.#a1in.filter((one) => one.endMs === this.#nowMs)) this.#pageOut(entry);
      this.#a1out = this.#a1out.filter((ghost) => this.#nowMs - ghost.sinceMs <= this.#memoryMs);
      this.#am = this.#am.filter((entry) => this.#nowMs - entry.endMs <= this.#memoryMs);
    }
  }

  set(key: string, value: V, ttlMs: number): 'A1in' | 'Am' {
    const endMs = this.#nowMs + ttlMs;
    const held = this.#a1in.find((entry) => entry.key === key);
    if (held) {
      held.value = value;
      held.endMs = endMs;
      return 'A1in';
    }
    const inAm = this.#am.some((entry) => entry.key === key);
    const inGhosts = this.#a1out.some((ghost) => ghost.key === key);
    this.#am = this.#am.filter((entry) => entry.key !== key);
    this.#a1out = this.#a1out.filter((ghost) => ghost.key !== key);
    if (this.#a1in.length + this.#am.length === this.capacity) {
      const [oldest] = this.#a1in;
      if (oldest && this.#a1in.length > Math.floor(this.capacity * 0.25)) this.#pageOut(oldest);
      else this.#am.shift();
    }
    (inAm || inGhosts ? this.#am : this.#a1in).push({ key, value, endMs });
    return inAm || inGhosts ? 'Am' : 'A1in';
  }

  get(key: string): V | undefined {
    return this.#alive().find((entry) => entry.key === key)?.value;
  }

  remembered(key: string): { queue: 'A1in' | 'Am'; value: V } | { queue: 'A1out' } | undefined {
    const once = this.#a1in.find((entry) => entry.key === key);
    if (once) return { queue: 'A1in', value: once.value };
    const again = this.#am.find((entry) => entry.key === key);
    if (again) return { queue: 'Am', value: again.value };
    return this.#a1out.some((ghost) => ghost.key === key) ? { queue: 'A1out' } : undefined;
  }

  expire(key: string): boolean {
    const entry = this.#alive().find((one) => one.key === key);
    if (!entry) return false;
    entry.endMs = this.#nowMs;
    if (this.#a1in.includes(entry)) this.#pageOut(entry);
    return true;
  }

  delete(key: string): boolean {
    const known = this.remembered(key) !== undefined;
    this.#a1in = this.#a1in.filter((entry) => entry.key !== key);
    this.#am = this.#am.filter((entry) => entry.key !== key);
    this.#a1out = this.#a1out.filter((ghost) => ghost.key !== key);
    return known;
  }

  live(): [string, V][] {
    return this.#alive().map((entry) => [entry.key, entry.value]);
  }

  keys(): string[] {
    return [...this.#a1in, ...this.#a1out, ...this.#am].map((one) => one.key);
  }

  #alive(): Entry<V>[] {
    return [...this.#a1in, ...this.#am].filter((entry) => this.#nowMs < entry.endMs);
  }

  #pageOut(entry: Entry<V>): void {
    this.#a1in = this.#a1in.filter((one) => one !== entry);
    this.#a1out.push({ key: entry.key, sinceMs: this.#nowMs });
    while (this.#a1out.length > Math.max(1, Math.floor(this.capacity * 0.5))) this.#a1out.shift();
  }
}
