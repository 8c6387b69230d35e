import type { Clock } from '../clock.ts';
import { Tunnel, type TunnelOptions } from './tunnel.ts';

/** All tunnels that are open. */
export class OpenTunnels {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #open = new Set<Tunnel>();
  #hasLeft = false;

  /** `idleMs`: how long both sides of a tunnel may be silent. */
  constructor(clock: Clock, idleMs: number) {
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  /** Carries bytes both ways; resolves when both connections are closed. */
  async run(ends: Pick<TunnelOptions, 'client' | 'upstream' | 'isWebSocket'>): Promise<void> {
    const tunnel = new Tunnel({ ...ends, idleMs: this.#idleMs, clock: this.#clock });
    this.#open.add(tunnel);
    const over = tunnel.run();
    if (this.#hasLeft) tunnel.leave();
    await over;
    this.#open.delete(tunnel);
  }

  /** Ends them all, and from now on each new one as soon as it is open. */
  leave(): void {
    this.#hasLeft = true;
    for (const tunnel of this.#open) tunnel.leave();
  }
}
