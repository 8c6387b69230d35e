/** An alert as a Slack message in blocks. */

import { counted } from '../numbers-in-words.ts';
import { alertText, label, NO_LINK, sinceText, upstreamText } from './alert-text.ts';
import type { Alert, Severity } from './notifier.ts';

/** Slack's limits, in characters; a message that is over one is refused as a whole. */
const MAX_HEADER = 150;
const MAX_SECTION = 3_000;
/** The page has them all; a wall of names hides what to do. */
const MAX_NAMED = 20;
/** Room for the line that counts those left out. */
const MORE = 40;

const EMOJI: Readonly<Record<Severity, string>> = {
  critical: '🚨',
  warning: '⚠️',
  resolved: '✅',
};

interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
}

interface Markdown {
  readonly type: 'mrkdwn';
  readonly text: string;
}

type Block =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: Markdown }
  | { readonly type: 'context'; readonly elements: Markdown[] };

export interface SlackMessage {
  /** For notifications, and for clients that can't show blocks. */
  readonly text: string;
  readonly blocks: Block[];
  readonly unfurl_links: false;
}

export function slackMessage(alert: Alert): SlackMessage {
  const { severity, what, requests, client, advice } = alert;
  const pool = alert.isOneOfSeveral ? `, pool ${alert.pool}` : '';
  const isTest = alert.kind === 'test';
  const text = `${EMOJI[severity]} ${escaped(alertText(alert))}`;
  const facts = [
    ...(isTest ? [] : [`*Since:* ${sinceText(alert)}`]),
    ...(requests === undefined ? [] : [`*Requests:* ${requests}`]),
    ...(client === undefined ? [] : [`*Clients get:* ${client}`]),
  ];
  const blocks: Block[] = [
    header(`${EMOJI[severity]} ${isTest ? label(alert) : `${severity}${pool}:`} ${what}`),
    ...(facts.length === 0 ? [] : [section(facts)]),
    ...(alert.upstreams.length === 0 ? [] : [upstreams(alert)]),
    ...(advice === undefined ? [] : [section([`*What to do:* ${advice}`])]),
    { type: 'context', elements: [{ type: 'mrkdwn', text: footer(alert) }] },
  ];
  return { text, blocks, unfurl_links: false };
}

/** Plain text: what looks like markup in it stays as it is. */
function header(text: string): Block {
  return { type: 'header', text: { type: 'plain_text', text: cut(text, MAX_HEADER) } };
}

function section(lines: readonly string[]): Block {
  return { type: 'section', text: { type: 'mrkdwn', text: cut(escaped(lines.join('\n')), MAX_SECTION) } };
}

/** As many as are of use, and fit. */
function upstreams({ upstreams }: Alert): Block {
  const lines = ['*Upstreams:*'];
  let length = lines.join().length;
  for (const upstream of upstreams.slice(0, MAX_NAMED)) {
    const line = `• ${escaped(upstreamText(upstream))}`;
    length += line.length + 1;
    if (length > MAX_SECTION - MORE) break;
    lines.push(line);
  }
  const more = upstreams.length + 1 - lines.length;
  if (more > 0) lines.push(`and ${counted(more, 'more upstream')}`);
  return { type: 'section', text: { type: 'mrkdwn', text: lines.join('\n') } };
}

function footer({ place, link }: Alert): string {
  const page = link === undefined ? escaped(NO_LINK) : `<${escapedLink(link)}|Open the page>`;
  return `${cut(escaped(place), MAX_SECTION / 2)} · ${page}`;
}

/** Escapes Slack's three control characters: a host name of `<!channel>` must not notify everybody. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A bar would end the address. */
function escapedLink(link: string): string {
  return escaped(link).replaceAll('|', '%7C');
}

/** By characters, not within one. */
function cut(text: string, length: number): string {
  return text.length <= length
    ? text
    : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$|&[a-z]{0,3}$/, '')}…`;
}
