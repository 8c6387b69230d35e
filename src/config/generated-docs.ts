/** Generates the texts about settings and answers: tables in Markdown, `.env.example` and `--help`. */

import { OWN_ANSWERS } from '../errors.ts';
import { type Key, SETTINGS, type Setting } from './table/settings.ts';
import { UPSTREAM_OPTIONS } from './upstreams/upstream-options.ts';

/** What matters for a first set-up. */
const ESSENTIAL: ReadonlySet<Key> = new Set<Key>([
  'rpcUrls',
  'fallbackRpcUrls',
  'strategy',
  'errorTimeToLiveMs',
  'port',
  'adminPort',
  'adminToken',
  'requestTimeoutMs',
  'attemptTimeoutMs',
  'healthCheck',
  'slackWebhookUrl',
  'trustProxy',
]);

/** A generated table in a document, between the two marks of `replaceBetween`. */
export interface GeneratedPart {
  /** The document's path from the top of the repository. */
  readonly file: string;
  readonly mark: string;
  readonly content: string;
}

/** All generated tables. Not `.env.example`, which is generated as a whole. */
export function generatedParts(): readonly GeneratedPart[] {
  const essential = SETTINGS.filter(({ key }) => ESSENTIAL.has(key));
  return [
    { file: 'README.md', mark: 'essential-settings', content: settingsTable(essential) },
    { file: 'README.md', mark: 'answers', content: answersTable() },
    { file: 'docs/settings.md', mark: 'settings', content: settingsTable() },
    { file: 'docs/settings.md', mark: 'upstream-options', content: upstreamOptionsTable() },
    { file: 'docs/pools.md', mark: 'pool-settings', content: namesWhere(({ perPool }) => perPool) },
    {
      file: 'docs/reload.md',
      mark: 'restart-settings',
      content: namesWhere(({ needsRestart }) => needsRestart),
    },
  ];
}

/** The settings as a Markdown table: setting, default, meaning. */
export function settingsTable(settings: readonly Setting[] = SETTINGS): string {
  return table(
    ['setting', 'default', 'meaning'],
    settings.map((setting) => [namesIn(setting), defaultIn(setting), setting.doc]),
  );
}

/** The names of these settings, in a sentence. */
function namesWhere(isOne: (setting: Setting) => boolean | undefined): string {
  return `${SETTINGS.filter(isOne)
    .map(({ name }) => `\`${name}\``)
    .join(', ')}.`;
}

/** The options of an upstream as a Markdown table: option, kind of value in a JSON object, meaning. */
function upstreamOptionsTable(): string {
  return table(
    ['option', 'in `POST /servers`', 'meaning'],
    UPSTREAM_OPTIONS.map(({ example, json, repeatable, doc }) => [
      `\`${example}\``,
      repeatable ? `${json}, or a list of them` : json,
      doc,
    ]),
  );
}

/** The load balancer's own answers as a Markdown table: code, HTTP status, JSON-RPC code, when. */
export function answersTable(): string {
  return table(
    ['code', 'HTTP', 'JSON-RPC', 'when'],
    Object.entries(OWN_ANSWERS).map(([code, { status, rpcCode, when }]) => [
      `\`${code}\``,
      String(status),
      String(rpcCode),
      when,
    ]),
  );
}

/**
 * Replaces what is between `<!-- NAME:begin -->` and `<!-- NAME:end -->` with `content`. Throws when the document lacks
 * one of the two marks.
 */
export function replaceBetween(document: string, name: string, content: string): string {
  const [before, rest] = splitOnce(document, `<!-- ${name}:begin -->`);
  const [, after] = splitOnce(rest, `<!-- ${name}:end -->`);
  return `${before}<!-- ${name}:begin -->\n${content}\n<!-- ${name}:end -->${after}`;
}

/** Public endpoints of Ethereum mainnet that need no key, so that a first start needs no account. */
const EXAMPLE_LISTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['RPC_URLS', ['https://ethereum-rpc.publicnode.com', 'https://eth.drpc.org', 'https://1rpc.io/eth']],
  [
    'FALLBACK_RPC_URLS',
    ['https://rpc.mevblocker.io', 'https://cloudflare-eth.com', 'https://eth.llamarpc.com'],
  ],
]);

/** The content of `.env.example`: two lists that work, and every other setting with its default, commented out. */
export function envExample(): string {
  const header = [
    '# Copy this file to .env and start: it works as it stands, in front of public Ethereum endpoints.',
    '# What is commented out shows the default. A # begins a comment, so write %23 for one in a URL.',
  ];
  const entries = SETTINGS.map((setting) => {
    const example = EXAMPLE_LISTS.get(setting.name);
    const assignment = example
      ? `${setting.name}=${example.join(', ')}`
      : `# ${setting.name}=${setting.default ?? ''}`;
    return [`# ${withoutBackticks(setting.doc)}`, assignment];
  });
  return `${[header, ...entries].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Every setting as a flag, with its meaning, allowed values and default, for a terminal. */
export function settingsHelp(): string {
  return SETTINGS.map((setting) => {
    const fallback =
      setting.default === undefined ? '' : ` Default: ${withoutBackticks(defaultIn(setting))}.`;
    return `  --${setting.flag}=…\n      ${withoutBackticks(setting.doc)}\n      Allowed: ${setting.allowed}.${fallback}`;
  }).join('\n');
}

/** Every option of an upstream, with its meaning, for a terminal. */
export function optionsHelp(): string {
  return UPSTREAM_OPTIONS.map(({ example, doc }) => {
    const meaning = withoutBackticks(doc.replaceAll(/ \(\[[^\]]*\]\([^)]*\)\)/g, ''));
    return `  ${example}\n      ${meaning}`;
  }).join('\n');
}

function namesIn({ name, alias, jsonAlias }: Setting): string {
  const others = [
    ...(alias === undefined ? [] : [`also \`${alias}\``]),
    ...(jsonAlias === undefined ? [] : [`in JSON also \`${jsonAlias}\``]),
  ];
  return `\`${name}\`${others.length === 0 ? '' : ` (${others.join('; ')})`}`;
}

function defaultIn(setting: Setting): string {
  if (setting.default === undefined) return '–';
  const onTerminal = setting.defaultOnTerminal;
  return `\`${setting.default}\`${onTerminal === undefined ? '' : ` (\`${onTerminal}\` on a terminal)`}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function withoutBackticks(markdown: string): string {
  return markdown.replaceAll('`', '');
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`the document has no ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
