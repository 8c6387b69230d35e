/** What the first process and its workers tell each other. */

import type { AddressInfo } from 'node:net';
import type { KeyPair } from '../server/certificate.ts';
import type { Fact } from '../sharing/fact.ts';
import type { EventBatch } from './event-batch.ts';
import type { Numbers } from './numbers.ts';
import type { SettingsCopy } from './settings-copy.ts';

/** At which of the two ports a connection was accepted. */
export type PortName = 'client' | 'redirect';

/** All that a worker needs before it serves. */
export interface Start {
  readonly type: 'start';
  /** No other worker of this first process has it, a replaced one neither. */
  readonly worker: number;
  /** 0 or more, less than there are workers. No other one that lives has it. */
  readonly place: number;
  readonly settings: SettingsCopy;
  /** See `ServiceDependencies.secret`. */
  readonly secret: Buffer;
  /** The name in Via. */
  readonly via: string;
  readonly origin: string;
  /** All that is known. */
  readonly facts: readonly Fact[];
  readonly addresses: Readonly<Record<PortName, AddressInfo>>;
  /** Undefined without TLS. */
  readonly certificate: KeyPair | undefined;
  /** Secret. */
  readonly ticketKeys: Buffer;
  /** The process is about to end: `/readyz` answers 503. */
  readonly isDraining: boolean;
}

export type ToWorker =
  | Start
  /** With a connection of which nothing was read. */
  | { readonly type: 'connection'; readonly port: PortName }
  /** These are in force from now on; answered with `done`. */
  | { readonly type: 'settings'; readonly id: number; readonly settings: SettingsCopy }
  | { readonly type: 'certificate'; readonly pair: KeyPair }
  | { readonly type: 'facts'; readonly facts: readonly Fact[] }
  /** Asks for a report at once, and for `done` after it. */
  | { readonly type: 'collect'; readonly id: number }
  /** The rows of `/stats` that were asked for. */
  | { readonly type: 'stats'; readonly id: number; readonly rows: readonly unknown[] }
  /** The process is about to end, but goes on serving. */
  | { readonly type: 'begin-drain' }
  /** No more connections come: what is under way may finish within this time. */
  | { readonly type: 'drain'; readonly timeoutMs: number };

/** What has happened since the last report. */
export interface Report {
  readonly events?: EventBatch | undefined;
  readonly numbers?: Numbers | undefined;
}

export type FromWorker =
  | { readonly type: 'ready' }
  /** The oldest of the connections that were handed over has arrived. */
  | { readonly type: 'taken' }
  | ({ readonly type: 'report' } & Report)
  | { readonly type: 'facts'; readonly facts: readonly Fact[] }
  | { readonly type: 'done'; readonly id: number }
  /** Asks for the rows of `/stats`, of one pool or of all. */
  | { readonly type: 'stats'; readonly id: number; readonly pool: string | undefined }
  /** All is over; so many connections had to be cut. */
  | { readonly type: 'drained'; readonly cut: number };
