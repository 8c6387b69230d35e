// Certificates that change while the daemon runs.
import { X509Certificate } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { CertificateWatcher } from '../../src/server/certificate-watcher.ts';
import { startApp } from '../support/app.ts';
import { type Certified, folder, pairFiles } from '../support/certificates.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { Http2Client } from '../support/http2-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until, within } from '../support/waiting.ts';
import { authority, startSecureApp } from './secure.ts';

const CHECK_MS = 10_000;

/** The first name in the certificate that new connections get. */
async function served(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const name = new Promise<string>((resolve, reject) => {
    socket.once('secureConnect', () => resolve(`${socket.getPeerCertificate().subject.CN}`));
    socket.once('error', reject);
  });
  try {
    return await within(name, 5_000, 'a handshake');
  } finally {
    socket.destroy();
  }
}

/** The files of a pair, and what is reported about them, check by check. */
function startWatcher() {
  const pair = authority.certify(['old.example']);
  const files = pairFiles(pair);
  const clock = new ManualClock();
  const reports: string[] = [];
  const watcher = new CertificateWatcher({ cert: files.certFile, key: files.keyFile }, pair, clock, {
    changed: ({ cert }) => reports.push(`changed: ${new X509Certificate(cert).subject}`),
    rejected: (problem) => reports.push(problem),
  });
  watcher.start();
  releaseAfterwards(() => watcher.stop());
  const check = async (times = 1) => {
    for (let i = 0; i < times; i++) {
      clock.advance(CHECK_MS);
      // The next check is scheduled when this one is over.
      await until(() => clock.pendingTimers > 0, 'the end of a check');
    }
  };
  return { ...files, reports, check };
}

function swap({ certFile, keyFile }: { certFile: string; keyFile: string }, { cert, key }: Certified): void {
  for (const [file, text] of [
    [certFile, cert],
    [keyFile, key],
  ] as const) {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }
}

describe('a new pair', () => {
  it('is served to new connections, while the open ones go on; a broken one is not', async () => {
    const clock = new ManualClock();
    const upstream = await FakeUpstream.start('A');
    const app = await startSecureApp({
      primaries: [upstream],
      clock,
      pair: authority.certify(['old.example']),
    });
    const lines = () => app.logs.filter(({ msg }) => msg?.startsWith('The TLS certificate has changed'));
    const client = await Http2Client.connect(app.port);
    expect(await served(app.port)).toBe('old.example');
    swap(app, authority.certify(['new.example']));
    clock.advance(CHECK_MS);
    await until(async () => (await served(app.port)) === 'new.example', 'the new certificate');
    expect((await client.get('/x')).text).toBe('A');
    await until(() => lines().length === 1, 'the log line');
    swap(app, { cert: 'broken', key: 'broken' });
    await until(() => {
      clock.advance(CHECK_MS);
      return lines().length > 1;
    }, 'the second log line');
    expect(lines()).toEqual([
      expect.objectContaining({ level: 'info' }),
      expect.objectContaining({ level: 'error', problem: 'TLS_CERT_FILE holds no certificate in PEM form' }),
    ]);
    expect(await served(app.port)).toBe('new.example');
    expect((await client.get('/x')).text).toBe('A');
  });

  it('may come by a swapped link, as in Kubernetes', async () => {
    const where = folder();
    const version = (name: string) => {
      const path = join(where, `..${name}`);
      mkdirSync(path);
      pairFiles(authority.certify([name]), path);
      symlinkSync(path, join(where, '..next'));
      renameSync(join(where, '..next'), join(where, '..data'));
    };
    version('first.example');
    for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(where, name));
    const clock = new ManualClock();
    const upstream = await FakeUpstream.start('A');
    const flags = [`--tls-cert-file=${join(where, 'tls.crt')}`, `--tls-key-file=${join(where, 'tls.key')}`];
    const app = await startApp({ primaries: [upstream], flags, clock });
    expect(await served(app.port)).toBe('first.example');
    version('second.example');
    await until(async () => {
      clock.advance(CHECK_MS);
      return (await served(app.port)) === 'second.example';
    }, 'the new certificate');
  });

  it.each<[string, (pair: Certified) => Partial<Certified> | undefined, RegExp]>([
    ['is no PEM', () => ({ cert: 'nonsense' }), /^TLS_CERT_FILE holds no certificate/],
    [
      'is damaged',
      ({ cert }) => ({ cert: cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA') }),
      /^TLS_CERT_FILE .*damaged/,
    ],
    ['has another key', () => ({ key: authority.certify(['x']).key }), /^TLS_KEY_FILE does not belong/],
    ['is gone', () => undefined, /^TLS_CERT_FILE holds no certificate/],
  ])(
    'that %s is reported once, at the second check, and a valid one is used after it',
    async (_, broken, problem) => {
      const { reports, check, certFile, keyFile } = startWatcher();
      const pair = authority.certify(['new.example']);
      const change = broken(pair);
      if (change) swap({ certFile, keyFile }, { ...pair, ...change });
      else rmSync(certFile);
      await check();
      expect(reports).toEqual([]);
      await check(3);
      expect(reports).toEqual([expect.stringMatching(problem)]);
      swap({ certFile, keyFile }, pair);
      await check();
      expect(reports[1]).toBe('changed: CN=new.example');
    },
  );

  it('that is still changing is not reported', async () => {
    const { reports, check, certFile } = startWatcher();
    for (const cert of ['one', 'two', 'three']) {
      writeFileSync(certFile, cert);
      await check();
    }
    expect(reports).toEqual([]);
    await check();
    expect(reports).toHaveLength(1);
  });

  it('that is half written at one check is used at the next, without a complaint', async () => {
    const { reports, check, certFile, keyFile } = startWatcher();
    const pair = authority.certify(['new.example']);
    writeFileSync(certFile, pair.cert);
    await check();
    writeFileSync(keyFile, pair.key);
    await check();
    expect(reports).toEqual(['changed: CN=new.example']);
  });
});
