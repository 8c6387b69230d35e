/** Watches the files of a certificate and its key, and reports a pair that has changed. */

import type { Clock } from '../clock.ts';
import { readRegularFile } from '../regular-file.ts';
import { certificateProblem, type KeyPair, keyProblem, pairProblem } from './certificate.ts';

/** How often the files are read. Kubernetes takes up to a minute to deliver a new secret anyway. */
const CHECK_MS = 10_000;

export interface KeyPairFiles {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateListener {
  /** `pair` is valid. */
  changed(pair: KeyPair): void;
  /** The new pair is not used. `problem` is one line without secrets. */
  rejected(problem: string): void;
}

/**
 * Compares the files' content: a rename, a rewrite and a swapped link all show in it, and no time stamp can mislead.
 * An invalid pair may be half written, and is only reported when it is still the same at the next check.
 */
export class CertificateWatcher {
  readonly #files: KeyPairFiles;
  readonly #clock: Clock;
  readonly #listener: CertificateListener;
  #current: KeyPair;
  /** What was wrong with the files at the last check, and whether it was reported. */
  #problem: { readonly fingerprint: string; reported: boolean } | undefined;
  #stopTimer = () => {};
  #isStopped = false;

  constructor(files: KeyPairFiles, current: KeyPair, clock: Clock, listener: CertificateListener) {
    this.#files = files;
    this.#current = current;
    this.#clock = clock;
    this.#listener = listener;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#stopTimer = this.#clock.after(CHECK_MS, () => {
      this.#check()
        .catch(() => this.#listener.rejected('it was not taken'))
        .finally(() => this.start());
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  async #check(): Promise<void> {
    const [cert, key] = await Promise.all([readPem(this.#files.cert), readPem(this.#files.key)]);
    if (this.#isStopped) return;
    if (cert === this.#current.cert && key === this.#current.key) {
      this.#problem = undefined;
      return;
    }
    const problem = problemOf(cert, key);
    if (problem !== undefined) return this.#onProblem(problem, `${cert}${key}`);
    this.#problem = undefined;
    this.#current = { cert, key };
    this.#listener.changed(this.#current);
  }

  #onProblem(problem: string, fingerprint: string): void {
    const isKnown = this.#problem?.fingerprint === fingerprint;
    if (this.#problem && isKnown && !this.#problem.reported) {
      this.#problem.reported = true;
      this.#listener.rejected(problem);
    }
    if (!isKnown) this.#problem = { fingerprint, reported: false };
  }
}

/** Empty when the file can't be read, which is not PEM either. */
async function readPem(file: string): Promise<string> {
  return readRegularFile(file).then(String, () => '');
}

function problemOf(cert: string, key: string): string | undefined {
  const ofCertificate = certificateProblem(cert);
  if (ofCertificate !== undefined) return `TLS_CERT_FILE ${ofCertificate}`;
  const ofKey = keyProblem(key) ?? pairProblem({ cert, key });
  return ofKey === undefined ? undefined : `TLS_KEY_FILE ${ofKey}`;
}
