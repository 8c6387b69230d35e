/** Finds what prevents the client port from using TLS as configured. */

import { certificateProblem, keyProblem, pairProblem } from '../../server/certificate.ts';
import { shownValue } from '../secrecy.ts';
import type { RawSetting } from '../sources/raw-settings.ts';
import { readTextFile } from '../text-file.ts';
import type { CheckedSettings } from '../values.ts';

const CERTIFICATE_ALLOWED = 'a file with a certificate in PEM form, its chain behind it';
const KEY_ALLOWED = 'a file with the private key of TLS_CERT_FILE in PEM form, without a pass phrase';

/** A file, and the setting that names it. */
interface NamedFile {
  readonly setting: RawSetting;
  readonly file: string;
}

/** Reads both files, which are looked up in `folder`. */
export function tlsProblems(checked: CheckedSettings, folder: string): string[] {
  const { raw, values } = checked;
  const cert = raw.get('tlsCertFile');
  const key = raw.get('tlsKeyFile');
  const problems = redirectProblems(checked, cert !== undefined && key !== undefined);
  if (!cert && !key) return problems;
  if (!cert) return [...problems, missingHalf('TLS_KEY_FILE', key, 'TLS_CERT_FILE')];
  if (!key) return [...problems, missingHalf('TLS_CERT_FILE', cert, 'TLS_KEY_FILE')];
  const { tlsCertFile, tlsKeyFile } = values;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return problems;
  const pair = [
    { setting: cert, file: tlsCertFile },
    { setting: key, file: tlsKeyFile },
  ] as const;
  return [...problems, ...filesProblems(...pair, folder)];
}

function missingHalf(name: string, given: RawSetting | undefined, missing: string): string {
  return `${name} (${given?.source}): it is set without ${missing}; allowed: both or none`;
}

function filesProblems(cert: NamedFile, key: NamedFile, folder: string): string[] {
  const certPem = readPem(folder, cert, certificateProblem);
  const keyPem = readPem(folder, key, keyProblem);
  const problems: string[] = [];
  const report = (name: string, { setting }: NamedFile, problem: string, allowed: string) =>
    problems.push(
      `${name} (${setting.source}): ${shownValue(setting.value)} ${problem}; allowed: ${allowed}`,
    );
  if ('problem' in certPem) report('TLS_CERT_FILE', cert, certPem.problem, CERTIFICATE_ALLOWED);
  if ('problem' in keyPem) report('TLS_KEY_FILE', key, keyPem.problem, KEY_ALLOWED);
  if ('pem' in certPem && 'pem' in keyPem) {
    const problem = pairProblem({ cert: certPem.pem, key: keyPem.pem });
    if (problem !== undefined) report('TLS_KEY_FILE', key, problem, KEY_ALLOWED);
  }
  return problems;
}

type Pem = { readonly pem: string } | { readonly problem: string };

function readPem(folder: string, { file: name }: NamedFile, check: (pem: string) => string | undefined): Pem {
  const file = readTextFile(folder, name);
  if (!('text' in file)) return { problem: `can't be used: ${file.reason}` };
  const problem = check(file.text);
  return problem === undefined ? { pem: file.text } : { problem };
}

function redirectProblems({ raw, values }: CheckedSettings, hasCertificate: boolean): string[] {
  const given = raw.get('httpRedirectPort');
  const port = values.httpRedirectPort;
  if (!given || port === undefined) return [];
  const name = `HTTP_REDIRECT_PORT (${given.source}): ${shownValue(given.value)}`;
  if (!hasCertificate) return [`${name} needs TLS_CERT_FILE and TLS_KEY_FILE; allowed: off without them`];
  return port !== 0 && port === values.port ? [`${name} is PORT; allowed: another port`] : [];
}
