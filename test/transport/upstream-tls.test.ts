// Upstreams that are spoken to by TLS: whose certificate is believed, and what it takes to be.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { httpProbe } from '../../src/probes/http.ts';
import { Upstream, type UpstreamSpec } from '../../src/upstreams/upstream.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { Authority, folder } from '../support/certificates.ts';
import { realDialer } from '../support/dialer.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { TlsUpstream } from '../support/tls-upstream.ts';
import { until } from '../support/waiting.ts';

const authority = new Authority();
const PAIR = authority.certify(['localhost', '127.0.0.1']);

function caFile(text = authority.cert): string {
  const file = join(folder(), 'ca.pem');
  writeFileSync(file, text);
  return file;
}

/** Asks once with a spare upstream behind; tells who answered, and why the first one did not. */
async function ask(url: string): Promise<{ text: string; result: unknown; app: RunningApp }> {
  const spare = await FakeUpstream.start('spare');
  const app = await startApp({ primaries: [url], fallbacks: [spare] });
  const { text } = await http(`${app.url}/x`);
  const line = await until(() => app.logs.find(({ msg }) => msg === 'Attempt'), 'the log line');
  return { text, result: line['result'], app };
}

describe('an upstream with a certificate', () => {
  it('that nobody known has signed is refused, and the next one asked', async () => {
    const upstream = await TlsUpstream.start(PAIR);
    expect(await ask(upstream.url())).toMatchObject({ text: 'spare', result: 'tls' });
    expect(upstream.authorizations).toEqual([]);
  });

  it('that its ca= has signed is believed', async () => {
    const upstream = await TlsUpstream.start(PAIR);
    expect(await ask(`${upstream.url()} ca=${caFile()}`)).toMatchObject({
      text: 'secret',
      result: 'answered',
    });
    expect(await ask(`${upstream.url('127.0.0.1')} ca=${caFile()}`)).toMatchObject({ text: 'secret' });
  });

  it('that one of several in its ca= has signed is believed', async () => {
    const upstream = await TlsUpstream.start(PAIR);
    const file = caFile(`# ours\n${new Authority('Other').cert}\n${authority.cert}`);
    expect(await ask(`${upstream.url()} ca=${file}`)).toMatchObject({ text: 'secret' });
  });

  it.each([
    ['of another authority', new Authority('Other').certify(['localhost'])],
    ['for another name', authority.certify(['other.example'])],
    ['that has expired', authority.certify(['localhost'], [-30, -1])],
    ['that is not valid yet', authority.certify(['localhost'], [1, 30])],
  ])('%s is refused in spite of ca=', async (_, pair) => {
    const upstream = await TlsUpstream.start(pair);
    expect(await ask(`${upstream.url()} ca=${caFile()}`)).toMatchObject({ text: 'spare', result: 'tls' });
  });

  it('of any kind is taken with insecure=true, which is warned of', async () => {
    const upstream = await TlsUpstream.start(new Authority('Other').certify(['other.example']));
    const { text, app } = await ask(`${upstream.url()} insecure=true name=risky`);
    expect(text).toBe('secret');
    expect(app.logs.filter(({ msg }) => msg?.startsWith('insecure=true'))).toEqual([
      expect.objectContaining({ level: 'warn', upstream: 'risky' }),
    ]);
  });

  it('is verified with insecure=false', async () => {
    const upstream = await TlsUpstream.start(PAIR);
    const { text, app } = await ask(`${upstream.url()} insecure=false`);
    expect(text).toBe('spare');
    expect(app.logs.filter(({ msg }) => msg?.startsWith('insecure=true'))).toEqual([]);
  });
});

describe('a connection to it', () => {
  it('says the name that is asked for, and carries what belongs to the URL', async () => {
    const upstream = await TlsUpstream.start(PAIR);
    const url = upstream.url().replace('://', '://me:pass@');
    await ask(`${url} ca=${caFile()}`);
    expect(upstream.connections).toEqual([{ servername: 'localhost', resumed: false }]);
    expect(upstream.authorizations).toEqual([`Basic ${Buffer.from('me:pass').toString('base64')}`]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes the session of the one before (%s)', async (version) => {
    const upstream = await TlsUpstream.start(PAIR, version);
    const app = await startApp({ primaries: [`${upstream.url()} ca=${caFile()}`] });
    for (let i = 0; i < 3; i++) expect((await http(`${app.url}/x`)).text).toBe('secret');
    expect(upstream.connections).toHaveLength(1);
    upstream.dropConnections();
    await until(async () => {
      await http(`${app.url}/x`);
      return upstream.connections.length > 1;
    }, 'a second connection');
    expect(upstream.connections.map(({ resumed }) => resumed)).toEqual([false, true]);
  });
});

describe('the http probe', () => {
  const check = async (upstream: TlsUpstream, options: Partial<UpstreamSpec> = {}) => {
    const spec = { url: new URL(upstream.url()), name: 'A', tier: 'primary', weight: 1, ...options } as const;
    return httpProbe.check(new Upstream(spec, 1_000), {
      timeoutMs: 5_000,
      path: '/',
      clock: systemClock,
      dialer: realDialer,
    });
  };

  it('verifies as requests do', async () => {
    const upstream = await TlsUpstream.start(PAIR);
    expect(await check(upstream)).toMatchObject({ up: false });
    expect(await check(upstream, { ca: { file: 'ca.pem', pem: authority.cert } })).toEqual({ up: true });
    expect(await check(upstream, { insecure: true })).toEqual({ up: true });
    const other = await TlsUpstream.start(authority.certify(['other.example']));
    expect(await check(other, { ca: { file: 'ca.pem', pem: authority.cert } })).toMatchObject({ up: false });
  });
});
