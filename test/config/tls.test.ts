// TLS as it is set up: what is found wrong before anything listens.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { configOf, configWith, LISTS, load, problemsOf, problemsWith } from './loading.ts';

const authority = new Authority();
const PAIR = authority.certify(['eth.example']);
const FILES = { 'tls.crt': PAIR.cert, 'tls.key': PAIR.key };
const TLS = { TLS_CERT_FILE: 'tls.crt', TLS_KEY_FILE: 'tls.key' };
const problemsIn = (files: Record<string, string | Buffer | null>, env: Record<string, string> = TLS) =>
  problemsOf({ env: { ...LISTS, ...env }, files });

const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();
const CERT_ALLOWED = 'allowed: a file with a certificate in PEM form, its chain behind it';
const KEY_ALLOWED =
  'allowed: a file with the private key of TLS_CERT_FILE in PEM form, without a pass phrase';

describe('a certificate and its key', () => {
  it('are taken, by names within the working directory', () => {
    const config = configOf({ env: { ...LISTS, ...TLS }, files: FILES });
    expect(config.tlsCertFile).toMatch(/^\/.*\/tls\.crt$/);
    expect(config.tlsKeyFile).toMatch(/^\/.*\/tls\.key$/);
    expect(problemsIn({ ...FILES, 'tls.crt': PAIR.cert + authority.cert })).toEqual([]);
  });

  it('are a problem by half', () => {
    expect(problemsIn(FILES, { TLS_CERT_FILE: 'tls.crt' })).toEqual([
      'TLS_CERT_FILE (environment): it is set without TLS_KEY_FILE; allowed: both or none',
    ]);
    expect(problemsIn(FILES, { TLS_KEY_FILE: 'tls.key' })).toEqual([
      'TLS_KEY_FILE (environment): it is set without TLS_CERT_FILE; allowed: both or none',
    ]);
  });

  it.each<[string, Record<string, string | Buffer | null>, readonly string[]]>([
    [
      'that are not there',
      {},
      [
        `TLS_CERT_FILE (environment): "tls.crt" can't be used: there is no such file; ${CERT_ALLOWED}`,
        `TLS_KEY_FILE (environment): "tls.key" can't be used: there is no such file; ${KEY_ALLOWED}`,
      ],
    ],
    [
      'that can’t be read',
      { ...FILES, 'tls.key': null },
      [`TLS_KEY_FILE (environment): "tls.key" can't be used: it is a folder; ${KEY_ALLOWED}`],
    ],
    [
      'that are no text',
      { ...FILES, 'tls.crt': Buffer.from([0x30, 0x82, 0xff]) },
      [`TLS_CERT_FILE (environment): "tls.crt" can't be used: it is not UTF-8 text; ${CERT_ALLOWED}`],
    ],
    [
      'that are no PEM',
      { 'tls.crt': 'hello', 'tls.key': 'hello' },
      [
        `TLS_CERT_FILE (environment): "tls.crt" holds no certificate in PEM form; ${CERT_ALLOWED}`,
        `TLS_KEY_FILE (environment): "tls.key" holds no private key in PEM form; ${KEY_ALLOWED}`,
      ],
    ],
    [
      'that are exchanged',
      { 'tls.crt': PAIR.key, 'tls.key': PAIR.cert },
      [
        `TLS_CERT_FILE (environment): "tls.crt" holds no certificate in PEM form; ${CERT_ALLOWED}`,
        `TLS_KEY_FILE (environment): "tls.key" holds no private key in PEM form; ${KEY_ALLOWED}`,
      ],
    ],
    [
      'that are damaged',
      {
        'tls.crt': PAIR.cert.replace(/\n.{20}/, `\n${'A'.repeat(20)}`),
        'tls.key': PAIR.key.replace(/\n.{20}/, `\n${'A'.repeat(20)}`),
      },
      [
        `TLS_CERT_FILE (environment): "tls.crt" holds a certificate that is damaged; ${CERT_ALLOWED}`,
        `TLS_KEY_FILE (environment): "tls.key" holds a private key that is damaged; ${KEY_ALLOWED}`,
      ],
    ],
    [
      'with a pass phrase',
      { ...FILES, 'tls.key': encrypted },
      [
        `TLS_KEY_FILE (environment): "tls.key" is encrypted; a key without a pass phrase is needed; ${KEY_ALLOWED}`,
      ],
    ],
    [
      'that don’t belong together',
      { ...FILES, 'tls.key': authority.certify(['x']).key },
      [`TLS_KEY_FILE (environment): "tls.key" does not belong to the certificate; ${KEY_ALLOWED}`],
    ],
  ])('%s are told of, one line each', (_, files, problems) => {
    expect(problemsIn(files)).toEqual(problems);
  });

  it('are not looked at by a health check, which must not fail for what the daemon does without', () => {
    const result = load({ argv: ['--healthcheck'], env: { ...LISTS, ...TLS }, files: {} });
    expect(result.ok).toBe(true);
  });
});

describe('HTTP_REDIRECT_PORT', () => {
  it('goes with a certificate only, on a port of its own', () => {
    const env = { ...TLS, HTTP_REDIRECT_PORT: '8081' };
    expect(configOf({ env: { ...LISTS, ...env }, files: FILES }).httpRedirectPort).toBe(8081);
    expect(problemsWith({ HTTP_REDIRECT_PORT: '8081' })).toEqual([
      'HTTP_REDIRECT_PORT (environment): "8081" needs TLS_CERT_FILE and TLS_KEY_FILE; allowed: off without them',
    ]);
    expect(problemsIn(FILES, { ...env, PORT: ':8081' })).toEqual([
      'HTTP_REDIRECT_PORT (environment): "8081" is PORT; allowed: another port',
    ]);
    expect(configWith({ HTTP_REDIRECT_PORT: 'OFF' }).httpRedirectPort).toBeUndefined();
  });
});

describe('an upstream', () => {
  const list = (text: string, files: Record<string, string> = {}) =>
    load({ env: { RPC_URLS: text, FALLBACK_RPC_URLS: 'none' }, files });
  const problems = (text: string, files: Record<string, string> = {}) => {
    const result = list(text, files);
    return result.ok ? [] : result.problems;
  };

  it('may have authorities of its own', () => {
    const result = list('https://a/KEY ca=ca.pem, https://b insecure=true', { 'ca.pem': authority.cert });
    expect(result.ok && result.config.upstreams).toEqual([
      expect.objectContaining({ name: 'a', ca: { file: 'ca.pem', pem: authority.cert } }),
      expect.objectContaining({ name: 'b', insecure: true }),
    ]);
  });

  it.each([
    [
      'ca=none.pem',
      'has the ca file "none.pem", which can\'t be used: there is no such file; allowed: a file with certificates in PEM form',
    ],
    [
      'ca=no.pem',
      'has the ca file "no.pem", which holds no certificate in PEM form; allowed: a file with certificates in PEM form',
    ],
    ['ca=', 'has ca= without a value; allowed: the name of a file, without blanks'],
    ['ca=ca.pem insecure=true', 'has the options ca and insecure=true; allowed: one of them'],
    ['insecure=yes', 'has insecure=yes, which is not allowed; allowed: true or false'],
    ['insecure=True', 'has insecure=True, which is not allowed; allowed: true or false'],
  ])('with %s is refused', (options, problem) => {
    const files = { 'no.pem': 'hello', 'ca.pem': authority.cert };
    expect(problems(`https://a/KEY ${options}`, files)).toEqual([
      `RPC_URLS (environment) entry 1: https://a ${problem}`,
    ]);
  });

  it('without TLS has neither option', () => {
    expect(problems('http://a ca=ca.pem', { 'ca.pem': authority.cert })).toEqual([
      'RPC_URLS (environment) entry 1: http://a has the option ca without TLS; allowed: with https:// only',
    ]);
    expect(problems('http://a insecure=false')).toEqual([
      'RPC_URLS (environment) entry 1: http://a has the option insecure without TLS; allowed: with https:// only',
    ]);
  });
});
