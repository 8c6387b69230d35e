/** Checks TLS certificates and private keys in PEM form. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** A certificate with its intermediate certificates, and its private key, all in PEM form. */
export interface KeyPair {
  readonly cert: string;
  /** Secret. */
  readonly key: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Why a text is not a list of PEM certificates; undefined when it is. */
export function certificateProblem(pem: string): string | undefined {
  const blocks = pem.match(CERTIFICATE);
  if (!blocks) return 'holds no certificate in PEM form';
  try {
    for (const block of blocks) new X509Certificate(block);
    return undefined;
  } catch {
    return 'holds a certificate that is damaged';
  }
}

/** Why a text is not a usable private key; undefined when it is. */
export function keyProblem(pem: string): string | undefined {
  if (!/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(pem)) return 'holds no private key in PEM form';
  try {
    createPrivateKey(pem);
    return undefined;
  } catch {
    return pem.includes('ENCRYPTED')
      ? 'is encrypted; a key without a pass phrase is needed'
      : 'holds a private key that is damaged';
  }
}

/** Why a certificate and a key, each valid, can't be used together; undefined when they can. */
export function pairProblem({ cert, key }: KeyPair): string | undefined {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    return 'does not belong to the certificate';
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    return `can't be used with the certificate${code}`;
  }
}
