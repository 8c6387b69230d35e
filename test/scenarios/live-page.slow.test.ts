// The live page of a daemon in a real browser: what it shows, how it changes, and what can be done with it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, silence } from '../support/behaviours.ts';
import {
  accessibilityFaults,
  firstText,
  isBrowserThere,
  layoutShift,
  startBrowser,
  type Visit,
  visit,
} from '../support/browser.ts';
import { type Daemon, startBalancer, startDaemon } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';

const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}';
const RATE_LIMITED = answer({ status: 429, headers: [['Retry-After', '90']] });
const LONG = 'a-provider-with-a-rather-long-name.eu-central-1.internal';

let browser: Browser;

beforeAll(async () => {
  if (isBrowserThere) browser = await startBrowser();
});

/** The card, or row, of an upstream. */
function card(page: Page, name: string) {
  return page.locator('.upstream').filter({ has: page.getByText(name, { exact: true }) });
}

function shows(page: Page, selector: string, text: string | RegExp): Promise<unknown> {
  const fits = (shown: string) => (typeof text === 'string' ? shown.includes(text) : text.test(shown));
  const read = async () => (await page.locator(selector).innerText()).replaceAll('\u00a0', ' ');
  return until(async () => fits(await read()), `${selector} with ${text}`);
}

/** Confirms what the dialog asks, and gives what it then says. */
async function confirm(page: Page, action: string): Promise<string> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: action, exact: true }).click();
  await dialog.locator('.outcome').waitFor();
  return dialog.locator('.outcome').innerText();
}

async function close(page: Page): Promise<void> {
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^(Close|Cancel)$/ })
    .click();
}

describe.runIf(isBrowserThere)('the live page', () => {
  let a: FakeUpstream;
  let b: FakeUpstream;
  let daemon: Daemon;
  let seen: Visit;
  let page: Page;

  beforeEach(async () => {
    a = await FakeUpstream.start('A');
    b = await FakeUpstream.start('B');
    const fallback = await FakeUpstream.start('F');
    daemon = await startBalancer({
      primaries: [`${a.url}/v2/SECRET name=alpha`, `${b.url} name=beta`],
      fallbacks: [`${fallback.url} name=${LONG}`],
      env: { ADMIN_PORT: '0', STRATEGY: 'round-robin' },
    });
    for (let n = 0; n < 4; n += 1) await post(daemon.url, CALL);
    // Figures are of whole seconds: until all four are in them.
    await until(async () => {
      const [, good = ''] = /"good":\[([\d,]*)\]/.exec((await http(`${daemon.adminUrl}/history`)).text) ?? [];
      return good.split(',').reduce((sum, each) => sum + Number(each), 0) === 4;
    }, 'the figures');
    seen = await visit(browser, daemon.adminUrl);
    page = seen.page;
  });

  const quarantine = async () => {
    a.use(RATE_LIMITED);
    for (let n = 0; n < 3; n += 1) await post(daemon.url, CALL);
    a.reset();
  };

  it('has its content at the first paint, loads only its own files, and stays in its place', async () => {
    const text = await firstText(page);
    expect(text).toContain('Serving from all 2 primaries.');
    expect(text).toContain('No request failed in the last 15 minutes');
    for (const name of ['alpha', 'beta', LONG]) expect(text).toContain(name);
    await page.waitForTimeout(2_500);
    expect(await layoutShift(page)).toBeLessThan(0.01);
    expect(seen.faults).toEqual([]);
    expect(await page.content()).not.toContain('SECRET');
  });

  it('shows within a second why and until when an upstream is out, and releases it', async () => {
    await page.evaluate('document.title');
    await quarantine();
    await shows(
      page,
      '#sentence',
      /Serving from 1 of 2 primaries; alpha is rate-limited until \d\d:\d\d:\d\d\./,
    );
    await shows(page, '.events li:first-child', 'alpha');
    expect(await card(page, 'alpha').locator('.cell-state').innerText()).toMatch(
      /quarantined\s+rate-limited, until [\d:]{8}, 1.min \d+.s left/,
    );
    await page.getByRole('button', { name: 'Release alpha' }).click();
    expect(await confirm(page, 'Release')).toBe('alpha is usable.');
    await close(page);
    await shows(page, '#sentence', 'Serving from all 2 primaries.');
    // Its button is gone: the focus is at the one beside it.
    await until(
      async () => (await page.locator(':focus').getAttribute('aria-label')) === 'Drain alpha',
      'the focus',
    );
    expect(seen.faults).toEqual([]);
  });

  it('drains an upstream and takes it back', async () => {
    await page.getByRole('button', { name: 'Drain alpha' }).click();
    await expect.poll(() => page.getByRole('dialog').innerText()).toContain('alpha will get no new requests');
    expect(await confirm(page, 'Drain')).toMatch(/^alpha gets no new requests; 0.attempts in flight\.$/);
    await close(page);
    await until(async () => (await card(page, 'alpha').innerText()).includes('drained'), 'the row');
    await shows(page, '.events', 'alpha was drained by an operator');
    await page.getByRole('button', { name: 'Take back alpha' }).click();
    expect(await confirm(page, 'Take back')).toBe('alpha was taken back; it is usable.');
    expect((await daemon.stats()).map(({ state }) => state)).toEqual(['usable', 'usable', 'usable']);
  });

  it('says that clients get errors, and warns before the last upstreams are taken out', async () => {
    const { adminUrl } = daemon;
    const drain = (name: string) =>
      http(`${adminUrl}/servers/${name}`, {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/json' },
        body: '{"draining":true}',
      });
    await drain('beta');
    await shows(page, '#sentence', /^Serving from 1 of 2 primaries; beta is drained\.$/);
    expect(await page.locator('#state').getAttribute('data-level')).toBe('good');
    await page.getByRole('button', { name: 'Drain alpha' }).click();
    await shows(
      page,
      '#dialog-warning',
      `alpha is the last usable primary: the fallback ${LONG} serves then.`,
    );
    await close(page);
    await drain('alpha');
    await shows(page, '#sentence', `All 2 primaries are drained`);
    await page.getByRole('button', { name: `Remove ${LONG}` }).click();
    await shows(page, '#dialog-warning', `${LONG} is the last usable upstream: clients will get errors.`);
    await close(page);
    await drain(encodeURIComponent(LONG));
    await post(daemon.url, CALL);
    await shows(page, '#sentence', /^No upstream is usable since [\d:]{8}: clients get errors\. /);
    expect(await page.title()).toMatch(/^clients get errors · .* · rpc-load-balancer$/);
  });

  it('shows what the API refuses, and lets it be corrected', async () => {
    await page.getByRole('button', { name: 'Weight beta' }).click();
    const weight = page.getByRole('spinbutton', { name: /Weight/ });
    await weight.evaluate((input) => Object.assign(input, { max: '' }));
    await weight.fill('5000');
    expect(await confirm(page, 'Set weight')).toContain('"weight": 5000 is not allowed');
    await weight.fill('7');
    await page.getByRole('dialog').getByRole('button', { name: 'Set weight' }).click();
    await shows(page, 'dialog .outcome', 'The weight of beta is 7; it was 1.');
    await page.getByText('Answer of the API').click();
    expect(await page.locator('dialog pre').innerText()).toContain('"weight": 7');
    await close(page);
    await until(async () => /weight 7\b/.test(await card(page, 'beta').innerText()), 'the weight');
  });

  it('adds an upstream, without showing its key, and removes it', async () => {
    const added = await FakeUpstream.start('C');
    await page.getByRole('button', { name: 'Add an upstream' }).click();
    await page.getByRole('textbox', { name: /^URL/ }).fill('ftp://example');
    expect(await confirm(page, 'Add')).toBe('The URL must begin with http:// or https://.');
    await page.getByRole('textbox', { name: /^URL/ }).fill(`${added.url}/v3/HUSH`);
    await page.getByRole('textbox', { name: /^Name/ }).fill('gamma');
    await page.getByRole('combobox', { name: 'Tier' }).selectOption('fallback');
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await shows(page, 'dialog .outcome', 'gamma was added as a fallback with weight 1.');
    await close(page);
    await card(page, 'gamma').waitFor();
    expect(await page.content()).not.toContain('HUSH');
    expect(
      await page.evaluate('[...document.querySelectorAll("input")].map((each) => each.value).join()'),
    ).not.toContain('HUSH');
    await page.getByRole('button', { name: 'Remove gamma' }).click();
    expect(await confirm(page, 'Remove gamma')).toBe('gamma was removed.');
    await close(page);
    await card(page, 'gamma').waitFor({ state: 'detached' });
    await until(async () => (await page.locator(':focus').innerText()) === 'Add an upstream', 'the focus');
  });

  it('changes the strategy, and reloads the settings', async () => {
    await page.getByRole('button', { name: 'Strategy: round-robin' }).click();
    await page.getByRole('combobox', { name: 'Strategy' }).selectOption('peak-ewma');
    expect(await confirm(page, 'Set strategy')).toBe('The strategy is peak-ewma; it was round-robin.');
    await close(page);
    await page.getByRole('button', { name: 'Strategy: peak-ewma' }).waitFor();
    await page.getByRole('button', { name: 'Reload settings' }).click();
    expect(await confirm(page, 'Reload')).not.toBe('');
    expect(await page.getByRole('button', { name: 'Send a test alert' }).isVisible()).toBe(false);
  });

  it('sends calls through the balancer or to one upstream, and says who answered', async () => {
    const result = page.locator('#console .outcome');
    a.next(answer({ status: 503 }));
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await until(async () => / answered in /.test(await result.innerText()), 'an answer');
    expect(await page.locator('#console pre').innerText()).toContain('"result"');
    await page.getByRole('combobox', { name: 'Send to' }).selectOption('beta');
    await page.getByRole('combobox', { name: 'Method' }).fill('eth_chainId');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await until(async () => /^beta answered in /.test(await result.innerText()), 'an answer of beta');
    expect(b.requests.at(-1)?.body.toString()).toContain('eth_chainId');
    b.next(answer({ body: '{"jsonrpc":"2.0","id":1,"result":"<img src=x onerror=alert(1)>"}' }));
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await shows(page, '#console pre', '<img src=x onerror=alert(1)>');
    expect(await page.locator('img').count()).toBe(0);
    await page.getByRole('textbox', { name: /^Parameters/ }).fill('[1');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await until(async () => (await result.innerText()).startsWith('The parameters are no JSON'), 'a problem');
    await page.getByRole('textbox', { name: /^Parameters/ }).fill(`[${CALL},${CALL.replace('1', '2')}]`);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await until(async () => /^beta answered in /.test(await result.innerText()), 'an answer to a batch');
    expect(await page.getByRole('combobox', { name: /^Method/ }).isDisabled()).toBe(true);
    expect(await page.locator('#console pre').innerText()).toContain('"result": "B"');
    expect(seen.faults).toEqual([]);
  });

  it('sends and shows numbers as they were written, and answers however deep they are', async () => {
    const [result, shown] = [page.locator('#console .outcome'), page.locator('#console pre')];
    const send = async (params: string) => {
      await page.getByRole('textbox', { name: /^Parameters/ }).fill(params);
      const sent = page.waitForRequest('**/call');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      return (await sent).postData();
    };
    await page.getByRole('combobox', { name: 'Send to' }).selectOption('beta');
    b.next(answer({ body: '{"jsonrpc":"2.0","id":1,"result":{"rentEpoch":18446744073709551615,"x":1.0}}' }));
    expect(await send('[18446744073709551615, 1.0]')).toContain('"params":[18446744073709551615, 1.0]}');
    await shows(page, '#console pre', '"rentEpoch": 18446744073709551615,\n    "x": 1.0\n');
    const deep = '['.repeat(5_000) + ']'.repeat(5_000);
    b.next(answer({ body: `{"jsonrpc":"2.0","id":1,"result":${deep}}` }));
    await send('[]');
    await until(
      async () => (await shown.innerText()).replaceAll(/\s/g, '').includes(deep),
      'the deep answer',
    );
    b.next(
      answer({ body: '[{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","id":2,"error":{"code":1}}]' }),
    );
    await send(`[${CALL},${CALL.replace('1', '2')}]`);
    await shows(page, '#console .outcome', /^beta answered with 1 error of 2 in .*; sent as a batch of 2$/);
    expect(await result.getAttribute('class')).toContain('warn');
    expect(await send('{"method":"x"}')).toContain('"params":{"method":"x"}}');
    await shows(
      page,
      '#console .outcome',
      '; sent as the parameters of eth_blockNumber: a whole request has',
    );
    expect(seen.faults).toEqual([]);
  });

  it('stops waiting for an answer', async () => {
    b.use(silence());
    await page.getByRole('combobox', { name: 'Send to' }).selectOption('beta');
    const stop = page.getByRole('button', { name: 'Stop', exact: true });
    expect(await stop.isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await stop.click();
    await shows(page, '#console .outcome', 'Stopped: an upstream may have got it all the same.');
    expect(await stop.isVisible()).toBe(false);
    expect(await page.locator(':focus').innerText()).toBe('Send');
    b.reset();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await shows(page, '#console .outcome', /^beta answered in /);
  });

  it('sends nothing elsewhere when the target of its console is gone', async () => {
    const targets = page.getByRole('combobox', { name: 'Send to' });
    await targets.selectOption('beta');
    await http(`${daemon.adminUrl}/servers/beta`, { method: 'DELETE' });
    await card(page, 'beta').waitFor({ state: 'detached' });
    expect(await targets.locator('option:checked').innerText()).toBe('beta is gone');
    const before = a.requests.length + b.requests.length;
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await shows(page, '#console .outcome', 'beta is gone: choose where to send it. Nothing was sent.');
    expect(a.requests.length + b.requests.length).toBe(before);
    await targets.selectOption('alpha');
    expect(await targets.locator('option').allInnerTexts()).not.toContain('beta is gone');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await shows(page, '#console .outcome', /^alpha answered in /);
  });

  it('filters its events', async () => {
    await quarantine();
    await shows(page, '.events', 'alpha');
    await page.getByRole('searchbox', { name: 'Filter events' }).fill('nothing like it');
    await page.getByText('No event fits the filter.').waitFor();
    await page.getByRole('searchbox', { name: 'Filter events' }).fill('ALPHA');
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('bad');
    expect(await page.locator('.events li').count()).toBeGreaterThan(0);
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('good');
    await page.getByText('No event fits the filter.').waitFor();
  });

  it('keeps its charts over a reload', async () => {
    await shows(page, '.chart:nth-child(2) .note', /0 failed of 4$/);
    await page.reload();
    expect(await firstText(page)).toContain('0\u00a0failed of 4');
    expect(await page.locator('.chart canvas').count()).toBe(3);
  });

  it('says since when it is not connected, and goes on when the daemon is back', async () => {
    const { adminPort, port } = daemon;
    await daemon.stop();
    await shows(page, '#lost', /^Not connected since \d\d:\d\d:\d\d: what is shown is old, trying again\.$/);
    await expect.poll(() => page.getByRole('button', { name: 'Drain alpha' }).isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled()).toBe(true);
    await startDaemon({
      env: {
        RPC_URLS: `${a.url} name=anew`,
        FALLBACK_RPC_URLS: 'none',
        HEALTH_CHECK: 'off',
        ADMIN_PORT: `${adminPort}`,
        PORT: `${port}`,
      },
    });
    await shows(page, '#upstreams', 'anew');
    await page.locator('#lost').waitFor({ state: 'hidden' });
    expect(await page.getByRole('button', { name: 'Drain anew' }).isDisabled()).toBe(false);
    await shows(page, '#connection', 'live');
  });

  it('can be used with the keyboard alone', async () => {
    const press = async (key: string) => page.keyboard.press(key);
    const focused = () => page.locator(':focus');
    for (let n = 0; n < 30; n += 1) {
      await press('Tab');
      if ((await focused().getAttribute('aria-label')) === 'Drain alpha') break;
    }
    const outline = await focused().evaluate(
      (element) => Reflect.get(globalThis, 'getComputedStyle')(element).outlineStyle,
    );
    expect(outline).toBe('solid');
    await press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await focused().innerText()).toBe('Cancel');
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await focused().getAttribute('aria-label')).toBe('Drain alpha');
    await press('Enter');
    await press('Tab');
    await press('Enter');
    await shows(page, 'dialog .outcome', 'alpha gets no new requests');
    await press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await focused().getAttribute('aria-label')).toBe('Take back alpha');
    // What comes every second takes neither the focus nor what is typed.
    await page.getByRole('searchbox', { name: 'Filter events' }).focus();
    await page.keyboard.type('al', { delay: 600 });
    expect(await focused().inputValue()).toBe('al');
  });
});

describe.runIf(isBrowserThere)('the live page of a machine whose clock is set', () => {
  /** A wall clock that is off by what the file `clock` has, in ms. */
  const CLOCK = `import { readFileSync } from 'node:fs';
    const now = Date.now.bind(Date);
    let offMs = 0;
    setInterval(() => { offMs = Number(readFileSync('clock', 'utf8') || offMs); }, 10).unref();
    Date.now = () => now() + offMs;`;

  it('goes on at once when it is set back, and keeps its figures when it is set forward right after', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'clock-'));
    releaseAfterwards(() => rm(cwd, { recursive: true, force: true }));
    const set = async (ms: number) => {
      await writeFile(join(cwd, 'clock'), `${ms}`);
      await sleep(200);
    };
    await set(0);
    const upstream = await FakeUpstream.start('A');
    const daemon = await startDaemon({
      cwd,
      env: {
        RPC_URLS: `${upstream.url} name=alpha`,
        FALLBACK_RPC_URLS: 'none',
        HEALTH_CHECK: 'off',
        ADMIN_PORT: '0',
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(CLOCK)}`,
      },
    });
    const { page, faults } = await visit(browser, daemon.adminUrl);
    for (let n = 0; n < 4; n += 1) await post(daemon.url, CALL);
    await shows(page, '.chart:nth-child(2) .note', /0 failed of 4$/);
    await set(-3_600_000);
    await post(daemon.url, CALL);
    await shows(page, '.chart:nth-child(2) .note', /0 failed of 5$/);
    await set(1_200_000);
    await post(daemon.url, CALL);
    await shows(page, '.chart:nth-child(2) .note', /0 failed of 1$/);
    await shows(page, '.chart:nth-child(2) .note', /0 failed of 6$/);
    expect(faults).toEqual([]);
  });
});

describe.runIf(isBrowserThere)('the live page with a token', () => {
  const ADMIN_TOKEN = 'a-token-of-24-characters';
  const start = async () =>
    startBalancer({ primaries: [await FakeUpstream.start('A')], env: { ADMIN_PORT: '0', ADMIN_TOKEN } });

  it('opens with a login, and is live then', async () => {
    const daemon = await start();
    const { page, faults } = await visit(browser, daemon.adminUrl, {
      httpCredentials: { username: 'me', password: ADMIN_TOKEN },
    });
    await page.getByText('Ready to serve from the only primary.').waitFor();
    await post(daemon.url, CALL);
    await shows(page, '#sentence', 'Serving from the only primary.');
    expect(faults).toEqual([]);
  });

  it('says so when the token is another one after a restart, and asks for it', async () => {
    const daemon = await start();
    const { page } = await visit(browser, daemon.adminUrl, {
      httpCredentials: { username: 'me', password: ADMIN_TOKEN },
    });
    const { adminPort } = daemon;
    await daemon.stop();
    const reloaded = page.waitForResponse((response) => response.request().isNavigationRequest());
    await startBalancer({
      primaries: [await FakeUpstream.start('A')],
      env: { ADMIN_PORT: `${adminPort}`, ADMIN_TOKEN: ADMIN_TOKEN.replace('24', '25') },
    });
    await shows(page, '#lost', /: The token has changed: this page is loaded anew, log in again\.$/);
    expect((await reloaded).status()).toBe(401);
    await page.waitForLoadState();
  });

  it('opens with the login in its address', async () => {
    const daemon = await start();
    const { page } = await visit(browser, daemon.adminUrl.replace('//', `//me:${ADMIN_TOKEN}@`));
    await post(daemon.url, CALL);
    await shows(page, '#sentence', 'Serving from the only primary.');
  });
});

describe.runIf(isBrowserThere)('the live page of one pool that has a path', () => {
  it('makes its changes and calls in that pool', async () => {
    const one = await FakeUpstream.start('A');
    const two = await FakeUpstream.start('B');
    const daemon = await startDaemon({
      env: {
        RPC_URLS_BASE: `${one.url} name=one`,
        FALLBACK_RPC_URLS_BASE: 'none',
        HEALTH_CHECK: 'off',
        ADMIN_PORT: '0',
      },
    });
    const { page } = await visit(browser, daemon.adminUrl);
    await page.getByRole('button', { name: /^Strategy: / }).click();
    await page.getByRole('combobox', { name: 'Strategy' }).selectOption('round-robin');
    expect(await confirm(page, 'Set strategy')).toBe('The strategy is round-robin; it was shuffle.');
    await close(page);
    await page.getByRole('button', { name: 'Add an upstream' }).click();
    await page.getByRole('textbox', { name: /^URL/ }).fill(two.url);
    await page.getByRole('textbox', { name: /^Name/ }).fill('two');
    expect(await confirm(page, 'Add')).toMatch(/^two was added .*as a primary with weight 1\.$/);
    await close(page);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await shows(page, '#console .outcome', / answered in /);
  });
});

describe.runIf(isBrowserThere)('the live page of pools that a reload removes', () => {
  it('sends no call to another pool', async () => {
    const upstream = await FakeUpstream.start('A');
    const cwd = await mkdtemp(join(tmpdir(), 'pools-'));
    releaseAfterwards(() => rm(cwd, { recursive: true, force: true }));
    const set = (pools: object) =>
      writeFile(
        join(cwd, 'config.json'),
        JSON.stringify({
          servers: [`${upstream.url} name=one`],
          fallbackServers: [],
          healthCheck: 'off',
          pools,
        }),
      );
    await set({ base: { servers: [`${upstream.url}/base name=two`], fallbackServers: [] } });
    const daemon = await startDaemon({ cwd, args: ['--config=config.json'], env: { ADMIN_PORT: '0' } });
    const { page, faults } = await visit(browser, daemon.adminUrl);
    const pools = page.locator('#console').getByRole('combobox', { name: 'Pool' });
    await pools.selectOption('base');
    await set({});
    await http(`${daemon.adminUrl}/reload`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
    });
    await card(page, 'two').waitFor({ state: 'detached' });
    expect(await pools.locator('option:checked').innerText()).toBe('base is gone');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await shows(page, '#console .outcome', 'base is gone: choose where to send it. Nothing was sent.');
    expect(upstream.requests).toEqual([]);
    await pools.selectOption('default');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await shows(page, '#console .outcome', /^one answered in /);
    expect(faults).toEqual([]);
  });
});

describe.runIf(isBrowserThere)('the live page of many pools', () => {
  let daemon: Daemon;

  beforeAll(async () => {
    const upstream = await FakeUpstream.start('A');
    const broken = await FakeUpstream.start('X', RATE_LIMITED);
    const names = Array.from({ length: 19 }, (_, n) => `POOL${n}`);
    const own = (name: string) =>
      ['one', 'two', LONG, 'four', 'five']
        .map((each) => `${upstream.url}/${name}/${each} name=${each}-${name.toLowerCase()}`)
        .join(', ');
    daemon = await startBalancer({
      primaries: [`${upstream.url} name=main`],
      env: {
        ADMIN_PORT: '0',
        RPC_URLS_DEAD: `${broken.url} name=<none`.replace('<', ''),
        FALLBACK_RPC_URLS_DEAD: 'none',
        ...Object.fromEntries(names.map((name) => [`RPC_URLS_${name}`, own(name)])),
        ...Object.fromEntries(names.map((name) => [`FALLBACK_RPC_URLS_${name}`, 'none'])),
      },
    });
    await post(`${daemon.url}/dead`, CALL);
    await post(`${daemon.url}/pool3`, CALL);
  });

  it('names the pool that is out, unfolds it, and folds those that are well', async () => {
    const { page, faults } = await visit(browser, daemon.adminUrl);
    await shows(
      page,
      '#sentence',
      /^No upstream is usable in dead since [\d:]{8}: clients get errors\. \S+ is rate-limited until [\d:]{8}\.$/,
    );
    const open = page.locator('.fold[aria-expanded="true"]');
    expect(await open.allInnerTexts()).toEqual(['dead']);
    await page.getByRole('searchbox', { name: 'Filter upstreams' }).fill('two-pool7');
    await expect.poll(() => page.locator('.upstream').count()).toBe(1);
    await page.getByRole('searchbox', { name: 'Filter upstreams' }).fill('');
    await page.getByRole('button', { name: 'pool3', exact: true }).click();
    await card(page, 'one-pool3').waitFor();
    await page.reload();
    expect(await open.allInnerTexts()).toEqual(['dead', 'pool3']);
    await page.getByRole('combobox', { name: 'Pool of the charts' }).selectOption('pool3');
    await shows(page, '.chart:nth-child(2) .note', /0 failed of 1$/);
    expect(faults).toEqual([]);
  });

  it.each([360, 1280, 2560].flatMap((width) => [[width, 'light'] as const, [width, 'dark'] as const]))(
    'has nothing that axe finds wrong at %s px, %s, and does not scroll sideways',
    async (width, colorScheme) => {
      const { page } = await visit(browser, daemon.adminUrl, {
        viewport: { width, height: 900 },
        colorScheme,
      });
      await page.getByRole('button', { name: 'pool3', exact: true }).click();
      const more = page.getByRole('button', { name: 'More about one-pool3' });
      if (await more.isVisible()) await more.click();
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.locator('#console pre').waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.getByRole('button', { name: 'Add an upstream' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    },
  );
});

describe.runIf(isBrowserThere)('the live page of an old browser', () => {
  it('says where the figures are, without scripts', async () => {
    const daemon = await startBalancer({
      primaries: [await FakeUpstream.start('A')],
      env: { ADMIN_PORT: '0' },
    });
    const { page } = await visit(browser, daemon.adminUrl, { javaScriptEnabled: false });
    expect(await page.locator('noscript').innerText()).toContain('/stats');
    expect((await http(`${daemon.adminUrl}/stats`)).status).toBe(200);
  });
});
