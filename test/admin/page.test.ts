// The live page as it is served: what its document may load, its files, and who gets them.
import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { refusalIn } from '../support/admin-client.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];
const FILES = readdirSync(new URL('../../src/admin/page/', import.meta.url)).filter(
  (name) => name !== 'index.html',
);

let running: RunningApp;

beforeAll(async () => {
  const upstream = await FakeUpstream.start();
  running = await startApp({
    primaries: [`${upstream.url}/v2/SECRET name=a`],
    flags: ['--admin-port=0', '--env=</script><b>&'],
  });
});

const get = (path: string) => http(`${running.adminUrl}${path}`);

describe('the live page', () => {
  it('is a document whose policy lets in files of this port, and nothing else', async () => {
    const { status, headers, text } = await get('/');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(String(headers['content-security-policy']).split('; ')).toEqual(POLICY);
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(text).not.toMatch(/<style|<script>|\bstyle=|\son\w+=|https?:\/\/(?!127\.0\.0\.1)/);
  });

  it('has its first figures in it, as data that nothing in them can end', async () => {
    const { text } = await get('/');
    const blocks = [...text.matchAll(/<script type="application\/json" id="initial">(.*?)<\/script>/gs)];
    expect(blocks).toHaveLength(1);
    const [, json = ''] = blocks[0] ?? [];
    expect(json).not.toContain('<');
    expect(JSON.parse(json)).toMatchObject({
      stats: [{ name: 'a', state: 'usable', failures_by_reason: {} }],
      history: { slots: 900, pools: [{ pool: 'default', requests: [] }] },
      about: { env: '</script><b>&', notifiers: [], pools: [{ pool: 'default', path: '/' }] },
    });
    expect(text).not.toContain('SECRET');
  });

  it('names only files that are there, relative to its own address', async () => {
    const { text } = await get('/');
    const named = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(1);
    for (const path of named.filter((each) => !/^data:|^#/.test(each))) {
      expect(path).toMatch(/^\w[\w./-]*$/);
      expect((await get(`/${path}`)).status).toBe(200);
    }
  });

  it('has the browser load all modules at once', async () => {
    const { text } = await get('/');
    const modules = FILES.filter((name) => name.endsWith('.js') && !/^(main|contract)\.js$/.test(name));
    const preloaded = [...text.matchAll(/rel="modulepreload" href="page\/([^"]*)"/g)].map(([, name]) => name);
    expect(preloaded).toEqual(modules.sort());
  });

  it.each([...FILES, 'uplot.js', 'uplot.css'])('has the file %s with its type', async (name) => {
    const { status, headers, text } = await get(`/page/${name}`);
    const types = {
      js: 'text/javascript; charset=utf-8',
      css: 'text/css; charset=utf-8',
      svg: 'image/svg+xml',
    };
    const [, kind = ''] = /\.(\w+)$/.exec(name) ?? [];
    expect([status, headers['content-type']]).toEqual([200, Object(types)[kind]]);
    expect(text.length).toBeGreaterThan(50);
  });

  it('has the charts as a script that sets uPlot', async () => {
    expect((await get('/page/uplot.js')).text).toMatch(/\bvar uPlot=/);
  });

  it.each([
    'index.html',
    'nothing.js',
    '..%2fpage.ts',
    '..%2f..%2f..%2fpackage.json',
    'uPlot.cjs.js',
    '__proto__',
    'constructor',
  ])('has no file %s', async (name) => {
    expect(refusalIn(await get(`/page/${name}`))).toEqual([404, 'NO_SUCH_PATH']);
  });

  it('needs the token where there is one, and so do its files', async () => {
    const secured = await startApp({
      primaries: ['http://127.0.0.1:1'],
      flags: ['--admin-port=0', '--admin-token=a-token-of-24-characters'],
    });
    for (const path of ['/', '/page/uplot.js', '/history', '/events?live']) {
      const { status, headers } = await http(`${secured.adminUrl}${path}`);
      expect([status, headers['www-authenticate']]).toEqual([
        401,
        'Basic realm="rpc-load-balancer admin", charset="UTF-8"',
      ]);
    }
    const authorization = `Basic ${Buffer.from('me:a-token-of-24-characters').toString('base64')}`;
    expect((await http(`${secured.adminUrl}/`, { headers: { authorization } })).status).toBe(200);
  });
});
