import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseAfterwards } from './leftovers.ts';

/** Certificates made for a test (X.509 v3, ECDSA with P-256), so that none can expire in the repository. */

export interface Certified {
  readonly cert: string;
  readonly key: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OID = 0x06;
const DAY_MS = 86_400_000;

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const oid = (hex: string) => der(OID, Buffer.from(hex, 'hex'));
const ECDSA_WITH_SHA256 = der(SEQUENCE, oid('2a8648ce3d040302'));
const TRUE = der(0x01, Buffer.from([0xff]));

function nameOf(commonName: string): Buffer {
  return der(SEQUENCE, der(SET, der(SEQUENCE, oid('550403'), der(0x0c, Buffer.from(commonName)))));
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x18, Buffer.from(text));
}

function alternativeNames(names: readonly string[]): Buffer {
  const entries = names.map((name) =>
    isIP(name) === 4 ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
  );
  return der(SEQUENCE, oid('551d11'), der(0x04, der(SEQUENCE, ...entries)));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

interface Request {
  readonly subject: string;
  readonly extensions: readonly Buffer[];
  readonly validDays: readonly [from: number, to: number];
}

/** Who signs certificates. */
export class Authority {
  readonly #name: string;
  readonly #key: KeyObject;
  readonly cert: string;

  constructor(name = 'Test Authority') {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#name = name;
    this.#key = privateKey;
    const isAuthority = der(SEQUENCE, oid('551d13'), TRUE, der(0x04, der(SEQUENCE, TRUE)));
    const request: Request = { subject: name, extensions: [isAuthority], validDays: [-1, 30] };
    this.cert = this.#sign(publicKey, request);
  }

  /** A certificate for these host names and IPv4 addresses, valid from and to so many days from now. */
  certify(names: readonly string[], validDays: readonly [number, number] = [-1, 30]): Certified {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const extensions = [alternativeNames(names)];
    const cert = this.#sign(publicKey, { subject: names[0] ?? 'nobody', extensions, validDays });
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }

  #sign(publicKey: KeyObject, { subject, extensions, validDays: [from, to] }: Request): string {
    const nowMs = Date.now();
    const toSign = der(
      SEQUENCE,
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      ECDSA_WITH_SHA256,
      nameOf(this.#name),
      der(SEQUENCE, time(nowMs + from * DAY_MS), time(nowMs + to * DAY_MS)),
      nameOf(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, der(SEQUENCE, ...extensions)),
    );
    const signature = sign('sha256', toSign, this.#key);
    const bits = der(0x03, Buffer.concat([Buffer.from([0]), signature]));
    return pem('CERTIFICATE', der(SEQUENCE, toSign, ECDSA_WITH_SHA256, bits));
  }
}

/** A folder for files of a test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tls-'));
  releaseAfterwards(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes a pair where the program can read it, and says so in its settings. */
export function pairFiles({ cert, key }: Certified, where = folder()) {
  const certFile = join(where, 'tls.crt');
  const keyFile = join(where, 'tls.key');
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return { certFile, keyFile, flags: [`--tls-cert-file=${certFile}`, `--tls-key-file=${keyFile}`] };
}
