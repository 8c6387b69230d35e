/** All tunnels that are open. */

import type { Clock } from '../clock.ts';
import { Tunnel, type TunnelOptions } from './tunnel.ts';

export class OpenTunnels {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #open = new Set<Tunnel>();
  #isClosed = false;

  /** `idleMs`: how long both sides of a tunnel may be silent at the same time. */
  constructor(clock: Clock, idleMs: number) {
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  /** Runs a tunnel between two connections. Resolves when both are closed. */
  async run(ends: Pick<TunnelOptions, 'client' | 'upstream' | 'isWebSocket'>): Promise<void> {
    const tunnel = new Tunnel({ ...ends, idleMs: this.#idleMs, clock: this.#clock });
    this.#open.add(tunnel);
    const over = tunnel.run();
    if (this.#isClosed) tunnel.close();
    await over;
    this.#open.delete(tunnel);
  }

  /** Closes all tunnels, and from now on each new one as soon as it is open. */
  closeAll(): void {
    this.#isClosed = true;
    for (const tunnel of this.#open) tunnel.close();
  }
}
