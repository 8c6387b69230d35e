// The live page: what it may load, and what its script shows of a running program.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { answer } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { PageBrowser } from '../support/page-browser.ts';
import { until } from '../support/waiting.ts';

let running: RunningApp;
let first: FakeUpstream;

beforeEach(async () => {
  first = await FakeUpstream.start('first');
  const second = await FakeUpstream.start('second');
  running = await startApp({
    primaries: [`${first.url}/v2/SECRET name=first weight=3`],
    fallbacks: [`${second.url} name=second`],
    flags: ['--admin-port=0', '--error-time-to-live-minutes=5'],
  });
});

async function open() {
  const { text } = await http(`${running.adminUrl}/`);
  const [, script = ''] = /<script>([\s\S]*)<\/script>/.exec(text) ?? [];
  const page = new PageBrowser(running.adminUrl, script);
  const row = (name: string) =>
    page
      .at('upstreams')
      .all('tr')
      .find((each) => each.textContent.startsWith(name));
  const button = (name: string, label: string) =>
    row(name)
      ?.all('button')
      .find(({ textContent }) => textContent === label);
  const shows = (name: string, words: string) =>
    until(async () => row(name)?.textContent.includes(words) ?? false, `${name}: ${words}`);
  await shows('first', 'usable');
  return { page, row, button, shows };
}

describe('the live page', () => {
  it('is one document whose policy lets in its own style and script, and nothing else', async () => {
    const { status, headers, text } = await http(`${running.adminUrl}/`);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const hashOf = (tag: string) => {
      const [, content = ''] = new RegExp(`<${tag}>([\\s\\S]*)</${tag}>`).exec(text) ?? [];
      expect(content.length).toBeGreaterThan(100);
      return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
    };
    expect(String(headers['content-security-policy']).split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${hashOf('style')}`,
      `script-src ${hashOf('script')}`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(text).not.toMatch(/\bsrc=|<link|https?:|\son\w+=|innerHTML/);
  });

  it('needs the token where there is one', async () => {
    const secured = await startApp({
      primaries: ['http://127.0.0.1:1'],
      flags: ['--admin-port=0', '--admin-token=a-token-of-24-characters'],
    });
    expect((await http(`${secured.adminUrl}/`)).status).toBe(401);
  });

  it('shows every upstream, and what it does', async () => {
    const { page, row, shows } = await open();
    for (let n = 0; n < 7; n += 1) await http(running.url);
    await shows('first', ' 7 0 0 ');
    expect(row('first')?.textContent).toContain(`primary, ${first.url} `);
    expect(row('first')?.textContent).not.toContain('SECRET');
    expect(page.at('summary').textContent).toBe('2 of 2 upstreams usable');
    expect(page.at('upstreams').all('tr')).toHaveLength(2);
  });

  it('tells why and for how long one is quarantined, and releases it', async () => {
    const { page, button, shows } = await open();
    first.next(answer({ status: 503 }));
    await http(running.url);
    await shows('first', 'quarantined status');
    expect(page.at('summary').textContent).toBe('1 of 2 upstreams usable');
    expect(page.at('events').textContent).toContain('upstream-quarantined, first, reason status');
    expect(page.at('quiet').hidden).toBe(true);
    button('first', 'Release')?.click();
    await shows('first', 'usable');
    await until(
      async () => page.at('events').textContent.includes('upstream-released, first, by operator'),
      'a line',
    );
  });

  it('drains an upstream and takes it back', async () => {
    const { button, shows } = await open();
    button('first', 'Drain')?.click();
    await shows('first', 'draining');
    button('first', 'Take back')?.click();
    await shows('first', 'usable');
  });

  it('says so when the load balancer does not answer any more', async () => {
    const { page } = await open();
    expect(page.at('problem').hidden).toBe(true);
    await running.app.stop();
    await until(async () => page.at('problem').textContent.includes('does not answer'), 'a word');
    expect(page.at('problem').hidden).toBe(false);
  });
});
