import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { releaseAfterwards } from './leftovers.ts';

function chromiumPath(): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

const executablePath = chromiumPath();

/** In CI it must be there. */
export const isBrowserThere = executablePath !== undefined || process.env['CI'] === 'true';
if (!isBrowserThere) console.log('Not tried: chromium is not installed');

/** It talks to nobody but the pages that it is shown. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** A browser with an empty profile. */
export async function startBrowser(): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: executablePath ?? 'chromium', args: FLAGS });
  releaseAfterwards(() => browser.close());
  return browser;
}

/** What a page has done that it must not, as text. */
export interface Visit {
  readonly page: Page;
  /** Errors and warnings of its scripts, and breaches of its policy. */
  readonly faults: string[];
}

/** Runs within the page, before any script of its own. As text, because there is no document where it is written. */
const WATCH = `
  window.seen = { first: '', shift: 0 };
  document.addEventListener('securitypolicyviolation', (event) =>
    console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI));
  // Right before the first paint.
  requestAnimationFrame(() => { seen.first = document.body?.innerText ?? ''; });
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) seen.shift += value;
  }).observe({ type: 'layout-shift', buffered: true });
`;

/** Opens an address in a window of its own, which is closed after the test. */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  // One that is asked for a login may not close by itself: it ends with the browser.
  releaseAfterwards(() => Promise.race([context.close(), sleep(3_000, undefined, { ref: false })]));
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  await page.addInitScript({ content: WATCH });
  await page.goto(url);
  return { page, faults };
}

/** The text that the first paint had. */
export function firstText(page: Page): Promise<string> {
  return page.evaluate<string>('seen.first');
}

/** How much has moved by itself so far, in the unit of web vitals. */
export function layoutShift(page: Page): Promise<number> {
  return page.evaluate<number>('seen.shift');
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong for those who use a keyboard or a screen reader, or see little. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate<string[]>(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 160))))`);
}
