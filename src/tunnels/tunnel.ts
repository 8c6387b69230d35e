/** Carries bytes both ways between a client's and an upstream's connection after a switch of protocol. */

import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { FrameTracker } from './frame-tracker.ts';

/** How long the second side may take to end after the first one has. */
const LINGER_MS = 500;
/** How long a client may take to receive the end of a tunnel that we close. */
const CLOSE_TIMEOUT_MS = 2_000;
/** A server's WebSocket close frame with the code 1001, "going away" (RFC 6455, 5.5.1 and 7.4.1). */
const GOING_AWAY = Buffer.of(0x88, 0x02, 0x03, 0xe9);

export interface TunnelOptions {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly isWebSocket: boolean;
  /** How long both sides may be silent at the same time; milliseconds. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/**
 * open -> ended              a side has ended or broken off; what is under way still reaches the other one
 * open -> closing -> closed  we close it: a WebSocket's client gets a close frame after the current frame
 * The tunnel is over when both connections are closed.
 */
type State = 'open' | 'ended' | 'closing' | 'closed';

/** Bytes are carried at the pace of the slower side. */
export class Tunnel {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #clock: Clock;
  readonly #idleMs: number;
  /** Tracks the frames sent to the client; undefined when the protocol is not WebSocket. */
  readonly #frames: FrameTracker | undefined;
  #state: State = 'open';
  #lastByteMs = 0;
  #unsent = 0;
  #stopTimer: (() => void) | undefined;
  #resolve: (() => void) | undefined;

  constructor({ client, upstream, isWebSocket, idleMs, clock }: TunnelOptions) {
    this.#client = client;
    this.#upstream = upstream;
    this.#idleMs = idleMs;
    this.#clock = clock;
    this.#frames = isWebSocket ? new FrameTracker() : undefined;
  }

  /** Resolves when both connections are closed. */
  run(): Promise<void> {
    for (const socket of [this.#client, this.#upstream]) {
      // A `close` event always follows, which is enough.
      socket.on('error', () => {});
      socket.on('end', () => this.#onEnd());
      socket.on('close', () => this.#onClose());
      socket.setNoDelay(true);
      // The only way to notice a peer that has vanished without closing.
      socket.setKeepAlive(true, 60_000);
    }
    this.#lastByteMs = this.#clock.monotonicMs();
    this.#client.on('data', () => this.#noteActivity());
    this.#client.on('drain', () => this.#upstream.resume());
    this.#client.pipe(this.#upstream);
    this.#upstream.on('data', (chunk) => this.#onUpstreamData(chunk));
    this.#upstream.on('end', () => this.#endClient());
    this.#watchSilence();
    return new Promise((resolve) => {
      this.#resolve = resolve;
      // One of them may have closed before the listeners were added.
      if (this.#client.destroyed || this.#upstream.destroyed) this.#onClose();
    });
  }

  /** Closes the tunnel from our side; a WebSocket's client gets a close frame. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#linger(CLOSE_TIMEOUT_MS);
    if (this.#frames?.isAtBoundary ?? true) this.#sendEnd();
  }

  #onUpstreamData(chunk: Buffer): void {
    this.#noteActivity();
    switch (this.#state) {
      case 'open':
      case 'ended':
        this.#frames?.read(chunk);
        this.#writeToClient(chunk);
        break;
      case 'closing':
        if (!this.#frames) break;
        this.#writeToClient(chunk.subarray(0, this.#frames.readToBoundary(chunk, 0)));
        if (this.#frames.isAtBoundary) this.#sendEnd();
        break;
      case 'closed':
        break;
      default:
        this.#state satisfies never;
    }
  }

  #writeToClient(chunk: Buffer): void {
    if (!this.#client.writable) return;
    if (!this.#client.write(chunk)) this.#upstream.pause();
  }

  /** From now on the upstream's bytes are dropped; what the client still sends reaches it. */
  #sendEnd(): void {
    this.#state = 'closed';
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

  #noteActivity(): void {
    this.#lastByteMs = this.#clock.monotonicMs();
  }

  #watchSilence(): void {
    const silentMs = this.#clock.monotonicMs() - this.#lastByteMs;
    if (silentMs >= this.#idleMs) this.close();
    else this.#stopTimer = this.#clock.after(this.#idleMs - silentMs, () => this.#watchSilence());
  }

  #onEnd(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#linger(LINGER_MS);
  }

  #onClose(): void {
    this.#onEnd();
    if (this.#upstream.destroyed) this.#endClient();
    // Nothing can answer the upstream any more: what is written already is sent, then the connection closes.
    else if (this.#client.destroyed) this.#upstream.destroySoon();
    if (!this.#client.closed || !this.#upstream.closed) return;
    this.#stopTimer?.();
    this.#resolve?.();
  }

  /** Destroys what does not end by itself in time; a reader that is slow, but still reads, gets more time. */
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
