import {
  whatIsWrongWithCertificates,
  whatIsWrongWithKey,
  whatIsWrongWithPair,
} from '../server/certificate.ts';
import { type Found, shownValue } from './layer.ts';
import type { Key } from './settings.ts';
import { readTextFile } from './text-file.ts';
import { tlsSettings } from './tls-settings.ts';

const CERTIFICATE_ALLOWED = 'a file with a certificate in PEM form, its chain behind it';
const KEY_ALLOWED = 'a file with the private key of TLS_CERT_FILE in PEM form, without a pass phrase';

type Settings = ReadonlyMap<Key, Found>;

/** What keeps the client port from speaking TLS as asked for. Files are looked up in `folder`. */
export function tlsProblems(found: Settings, folder: string): string[] {
  const cert = found.get('tlsCertFile');
  const key = found.get('tlsKeyFile');
  const problems = redirectProblems(found, cert !== undefined && key !== undefined);
  if (!cert && !key) return problems;
  if (!cert) return [...problems, halfOf('TLS_KEY_FILE', key, 'TLS_CERT_FILE')];
  if (!key) return [...problems, halfOf('TLS_CERT_FILE', cert, 'TLS_KEY_FILE')];
  return [...problems, ...pairProblems(cert, key, folder)];
}

function halfOf(name: string, given: Found | undefined, missing: string): string {
  return `${name} (${given?.source}): it is set without ${missing}; allowed: both or none`;
}

function pairProblems(cert: Found, key: Found, folder: string): string[] {
  const certPem = readPem(folder, cert, whatIsWrongWithCertificates);
  const keyPem = readPem(folder, key, whatIsWrongWithKey);
  const problems: string[] = [];
  const report = (name: string, { raw, source }: Found, wrong: string, allowed: string) =>
    problems.push(`${name} (${source}): ${shownValue(raw, false)} ${wrong}; allowed: ${allowed}`);
  if ('wrong' in certPem) report('TLS_CERT_FILE', cert, certPem.wrong, CERTIFICATE_ALLOWED);
  if ('wrong' in keyPem) report('TLS_KEY_FILE', key, keyPem.wrong, KEY_ALLOWED);
  if ('pem' in certPem && 'pem' in keyPem) {
    const wrong = whatIsWrongWithPair({ cert: certPem.pem, key: keyPem.pem });
    if (wrong !== undefined) report('TLS_KEY_FILE', key, wrong, KEY_ALLOWED);
  }
  return problems;
}

type Pem = { readonly pem: string } | { readonly wrong: string };

function readPem(folder: string, { raw }: Found, whatIsWrong: (pem: string) => string | undefined): Pem {
  const file = readTextFile(folder, String(raw).trim());
  if (!('text' in file)) return { wrong: `can't be used: ${file.reason}` };
  const wrong = whatIsWrong(file.text);
  return wrong === undefined ? { pem: file.text } : { wrong };
}

function redirectProblems(found: Settings, hasCertificate: boolean): string[] {
  const written = found.get('httpRedirectPort');
  const port = tlsSettings.httpRedirectPort.safeParse(written?.raw);
  if (!written || !port.success || port.data === undefined) return [];
  const shown = shownValue(written.raw, false);
  const name = `HTTP_REDIRECT_PORT (${written.source}): ${shown}`;
  if (!hasCertificate) return [`${name} needs TLS_CERT_FILE and TLS_KEY_FILE; allowed: off without them`];
  const taken = port.data !== 0 && port.data === Number(String(found.get('port')?.raw).replace(':', ''));
  return taken ? [`${name} is PORT; allowed: another port`] : [];
}
