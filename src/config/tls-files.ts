import { certificateProblem, keyProblem, pairProblem } from '../server/certificate.ts';
import { type Found, shownValue } from './layer.ts';
import { readTextFile } from './text-file.ts';
import type { Checked } from './values.ts';

const CERTIFICATE_ALLOWED = 'a file with a certificate in PEM form, its chain behind it';
const KEY_ALLOWED = 'a file with the private key of TLS_CERT_FILE in PEM form, without a pass phrase';

/** A file as it was written, and its name. */
interface Named {
  readonly written: Found;
  readonly file: string;
}

/** What keeps the client port from speaking TLS as asked for. Files are looked up in `folder`. */
export function tlsProblems(checked: Checked, folder: string): string[] {
  const { found, values } = checked;
  const cert = found.get('tlsCertFile');
  const key = found.get('tlsKeyFile');
  const problems = redirectProblems(checked, cert !== undefined && key !== undefined);
  if (!cert && !key) return problems;
  if (!cert) return [...problems, halfOf('TLS_KEY_FILE', key, 'TLS_CERT_FILE')];
  if (!key) return [...problems, halfOf('TLS_CERT_FILE', cert, 'TLS_KEY_FILE')];
  const { tlsCertFile, tlsKeyFile } = values;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return problems;
  const pair = [
    { written: cert, file: tlsCertFile },
    { written: key, file: tlsKeyFile },
  ] as const;
  return [...problems, ...pairProblems(...pair, folder)];
}

function halfOf(name: string, given: Found | undefined, missing: string): string {
  return `${name} (${given?.source}): it is set without ${missing}; allowed: both or none`;
}

function pairProblems(cert: Named, key: Named, folder: string): string[] {
  const certPem = readPem(folder, cert, certificateProblem);
  const keyPem = readPem(folder, key, keyProblem);
  const problems: string[] = [];
  const report = (name: string, { written }: Named, wrong: string, allowed: string) =>
    problems.push(`${name} (${written.source}): ${shownValue(written.raw)} ${wrong}; allowed: ${allowed}`);
  if ('wrong' in certPem) report('TLS_CERT_FILE', cert, certPem.wrong, CERTIFICATE_ALLOWED);
  if ('wrong' in keyPem) report('TLS_KEY_FILE', key, keyPem.wrong, KEY_ALLOWED);
  if ('pem' in certPem && 'pem' in keyPem) {
    const wrong = pairProblem({ cert: certPem.pem, key: keyPem.pem });
    if (wrong !== undefined) report('TLS_KEY_FILE', key, wrong, KEY_ALLOWED);
  }
  return problems;
}

type Pem = { readonly pem: string } | { readonly wrong: string };

function readPem(folder: string, named: Named, whatIsWrong: (pem: string) => string | undefined): Pem {
  const file = readTextFile(folder, named.file);
  if (!('text' in file)) return { wrong: `can't be used: ${file.reason}` };
  const wrong = whatIsWrong(file.text);
  return wrong === undefined ? { pem: file.text } : { wrong };
}

function redirectProblems({ found, values }: Checked, hasCertificate: boolean): string[] {
  const written = found.get('httpRedirectPort');
  const port = values.httpRedirectPort;
  if (!written || port === undefined) return [];
  const name = `HTTP_REDIRECT_PORT (${written.source}): ${shownValue(written.raw)}`;
  if (!hasCertificate) return [`${name} needs TLS_CERT_FILE and TLS_KEY_FILE; allowed: off without them`];
  return port !== 0 && port === values.port ? [`${name} is PORT; allowed: another port`] : [];
}
