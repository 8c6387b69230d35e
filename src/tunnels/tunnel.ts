import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { FrameEnd } from './frame-end.ts';

/** How long the second side may take to end when the first one has. */
const LINGER_MS = 500;
/** How long a client may take to hear that we leave. */
const FAREWELL_MS = 2_000;
/** A WebSocket close frame of a server with the code 1001, "going away" (RFC 6455, 5.5.1 and 7.4.1). */
const GOING_AWAY = Buffer.of(0x88, 0x02, 0x03, 0xe9);

export interface TunnelOptions {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly isWebSocket: boolean;
  /** How long both sides may be silent; milliseconds. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/**
 * open -> ending            a side has ended or broken off; what is under way still reaches the other one
 * open -> leaving -> left   we end it: the client of a WebSocket is told so behind the current frame
 * Each of them is over when both connections are closed.
 */
type State = 'open' | 'ending' | 'leaving' | 'left';

/** Two connections that carry each other's bytes, at the pace of the slower one. */
export class Tunnel {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #clock: Clock;
  readonly #idleMs: number;
  /** Where frames towards the client end; undefined when it is no WebSocket. */
  readonly #frames: FrameEnd | undefined;
  #state: State = 'open';
  #lastByteMs = 0;
  #unsent = 0;
  #stopTimer: (() => void) | undefined;
  #whenOver: (() => void) | undefined;

  constructor({ client, upstream, isWebSocket, idleMs, clock }: TunnelOptions) {
    this.#client = client;
    this.#upstream = upstream;
    this.#idleMs = idleMs;
    this.#clock = clock;
    this.#frames = isWebSocket ? new FrameEnd() : undefined;
  }

  /** Resolves when both connections are closed. */
  run(): Promise<void> {
    for (const socket of [this.#client, this.#upstream]) {
      // `close` follows and tells enough.
      socket.on('error', () => {});
      socket.on('end', () => this.#onEnd());
      socket.on('close', () => this.#onClose());
      socket.setNoDelay(true);
      // The only way to notice a peer that is gone without a word.
      socket.setKeepAlive(true, 60_000);
    }
    this.#lastByteMs = this.#clock.monotonicMs();
    this.#client.on('data', () => this.#touch());
    this.#client.on('drain', () => this.#upstream.resume());
    this.#client.pipe(this.#upstream);
    this.#upstream.on('data', (chunk) => this.#onUpstreamData(chunk));
    this.#upstream.on('end', () => this.#endClient());
    this.#watchSilence();
    return new Promise((resolve) => {
      this.#whenOver = resolve;
      // One of them may have closed before anybody listened.
      if (this.#client.destroyed || this.#upstream.destroyed) this.#onClose();
    });
  }

  /** Ends the tunnel from our side, of a WebSocket with a word to the client. */
  leave(): void {
    if (this.#state !== 'open') return;
    this.#state = 'leaving';
    this.#linger(FAREWELL_MS);
    if (this.#frames?.isReached ?? true) this.#sayGoodbye();
  }

  #onUpstreamData(chunk: Buffer): void {
    this.#touch();
    switch (this.#state) {
      case 'open':
      case 'ending':
        this.#frames?.skip(chunk);
        this.#passDown(chunk);
        break;
      case 'leaving':
        if (!this.#frames) break;
        this.#passDown(chunk.subarray(0, this.#frames.next(chunk, 0)));
        if (this.#frames.isReached) this.#sayGoodbye();
        break;
      case 'left':
        break;
      default:
        this.#state satisfies never;
    }
  }

  #passDown(chunk: Buffer): void {
    if (!this.#client.writable) return;
    if (!this.#client.write(chunk)) this.#upstream.pause();
  }

  /** From here on what the upstream says is dropped; a client's last words still reach it. */
  #sayGoodbye(): void {
    this.#state = 'left';
    this.#upstream.resume();
    if (this.#frames) this.#client.end(GOING_AWAY);
    else {
      this.#endClient();
      this.#upstream.end();
    }
  }

  /** What the client still sends is read and dropped, so that its end is seen. */
  #endClient(): void {
    this.#client.unpipe(this.#upstream).resume().end();
  }

  #touch(): void {
    this.#lastByteMs = this.#clock.monotonicMs();
  }

  #watchSilence(): void {
    const silentMs = this.#clock.monotonicMs() - this.#lastByteMs;
    if (silentMs >= this.#idleMs) this.leave();
    else this.#stopTimer = this.#clock.after(this.#idleMs - silentMs, () => this.#watchSilence());
  }

  #onEnd(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#linger(LINGER_MS);
  }

  #onClose(): void {
    this.#onEnd();
    if (this.#upstream.destroyed) this.#endClient();
    // Nobody is left to answer: what is written already goes out, then the connection closes.
    else if (this.#client.destroyed) this.#upstream.destroySoon();
    if (!this.#client.closed || !this.#upstream.closed) return;
    this.#stopTimer?.();
    this.#whenOver?.();
  }

  /** Cuts what doesn't end by itself; but a slow reader may take what is on its way, as long as it takes. */
  #linger(ms: number): void {
    this.#stopTimer?.();
    this.#unsent = this.#client.writableLength + this.#upstream.writableLength;
    this.#stopTimer = this.#clock.after(ms, () => {
      const unsent = this.#client.writableLength + this.#upstream.writableLength;
      if (unsent > 0 && unsent < this.#unsent) this.#linger(ms);
      else {
        this.#client.destroy();
        this.#upstream.destroy();
      }
    });
  }
}
