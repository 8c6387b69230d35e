/** Where the certificate of the client port comes from. */

import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { readRegularFileSync } from '../regular-file.ts';
import type { KeyPair } from './certificate.ts';
import { CertificateWatcher } from './certificate-watcher.ts';

export interface Certificates {
  /** The one in use. Valid. */
  readonly pair: KeyPair;
  /** Calls `changed` with each later one, until `stop`. */
  start(changed: (pair: KeyPair) => void): void;
  stop(): void;
}

export interface CertificateFiles {
  /** PEM files that are known to be valid; both or neither. */
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
}

/** Reads the files, and looks for changes in them. Undefined without them. */
export function certificatesIn(
  { tlsCertFile: cert, tlsKeyFile: key }: CertificateFiles,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Certificates | undefined {
  if (cert === undefined || key === undefined) return undefined;
  let pair = { cert: `${readRegularFileSync(cert)}`, key: `${readRegularFileSync(key)}` };
  let onChange = (_pair: KeyPair): void => {};
  const watcher = new CertificateWatcher({ cert, key }, pair, clock, {
    changed(newPair) {
      pair = newPair;
      onChange(newPair);
      logger.info('The TLS certificate has changed: new connections get the new one');
    },
    rejected: (problem) =>
      logger.error({ problem }, 'The TLS certificate has changed and is of no use: the old one stays'),
  });
  return {
    get pair() {
      return pair;
    },
    start(changed) {
      onChange = changed;
      watcher.start();
    },
    stop: () => watcher.stop(),
  };
}
