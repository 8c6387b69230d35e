/** All tunnels that are open. */

import type { Clock } from '../clock.ts';
import { Tunnel, type TunnelOptions } from './tunnel.ts';

export class OpenTunnels {
  readonly #clock: Clock;
  readonly #open = new Set<Tunnel>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs a tunnel between two connections. Resolves when both are closed. */
  async run(options: Omit<TunnelOptions, 'clock'>): Promise<void> {
    const tunnel = new Tunnel({ ...options, clock: this.#clock });
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
