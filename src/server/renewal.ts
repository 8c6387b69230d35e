import type { Clock } from '../clock.ts';
import { readRegularFile } from '../regular-file.ts';
import {
  type KeyPair,
  whatIsWrongWithCertificates,
  whatIsWrongWithKey,
  whatIsWrongWithPair,
} from './certificate.ts';

/** How often the files are looked at. Kubernetes takes up to a minute to bring a new secret anyway. */
const CHECK_MS = 10_000;

export interface KeyPairFiles {
  readonly cert: string;
  readonly key: string;
}

/** What becomes of a pair that has changed. */
export interface Renewing {
  renewed(pair: KeyPair): void;
  /** It stays unused. `problem` is one line without secrets. */
  refused(problem: string): void;
}

/**
 * Looks whether a certificate or its key has changed, by their content: a rename, a rewrite and a swapped link
 * all show in it, and no time stamp can deceive. A pair that is wrong may be half written, and is only
 * reported when it is still the same at the next look.
 */
export class Renewal {
  readonly #files: KeyPairFiles;
  readonly #clock: Clock;
  readonly #renewing: Renewing;
  #current: KeyPair;
  /** What was wrong with the files at the last look, and whether that was told. */
  #problem: { readonly fingerprint: string; told: boolean } | undefined;
  #stopTimer = () => {};
  #isStopped = false;

  constructor(files: KeyPairFiles, current: KeyPair, clock: Clock, renewing: Renewing) {
    this.#files = files;
    this.#current = current;
    this.#clock = clock;
    this.#renewing = renewing;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#stopTimer = this.#clock.after(CHECK_MS, () => {
      this.#look()
        .catch(() => this.#renewing.refused('it was not taken'))
        .finally(() => this.start());
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  async #look(): Promise<void> {
    const [cert, key] = await Promise.all([readPem(this.#files.cert), readPem(this.#files.key)]);
    if (this.#isStopped) return;
    if (cert === this.#current.cert && key === this.#current.key) {
      this.#problem = undefined;
      return;
    }
    const problem = whatIsWrong(cert, key);
    if (problem !== undefined) return this.#remember(problem, `${cert}${key}`);
    this.#problem = undefined;
    this.#current = { cert, key };
    this.#renewing.renewed(this.#current);
  }

  #remember(problem: string, fingerprint: string): void {
    const isKnown = this.#problem?.fingerprint === fingerprint;
    if (this.#problem && isKnown && !this.#problem.told) {
      this.#problem.told = true;
      this.#renewing.refused(problem);
    }
    if (!isKnown) this.#problem = { fingerprint, told: false };
  }
}

/** Empty when it can't be read, which is no PEM either. */
async function readPem(file: string): Promise<string> {
  return readRegularFile(file).then(String, () => '');
}

function whatIsWrong(cert: string, key: string): string | undefined {
  const ofCertificate = whatIsWrongWithCertificates(cert);
  if (ofCertificate !== undefined) return `TLS_CERT_FILE ${ofCertificate}`;
  const ofKey = whatIsWrongWithKey(key) ?? whatIsWrongWithPair({ cert, key });
  return ofKey === undefined ? undefined : `TLS_KEY_FILE ${ofKey}`;
}
