/**
 * The one table of an upstream's options, one row for each: the lists in the settings, upstreams as JSON objects, the
 * file that keeps the lists, the masked settings, the admin port and the documentation are based on it.
 */

import { secretsOfHeader } from '../../secret-texts.ts';
import { certificateProblem } from '../../server/certificate.ts';
import { MAX_WEIGHT, type UpstreamSpec } from '../../upstreams/upstream.ts';
import { shownValue } from '../secrecy.ts';
import { readTextFile } from '../text-file.ts';
import { formatUpstreamHeaders, readUpstreamHeaders } from './upstream-headers.ts';
import { nameProblem } from './upstream-names.ts';
import {
  type OptionContext,
  type OptionPart,
  type OptionTexts,
  refusedValue,
  type UpstreamOption,
} from './upstream-option.ts';

/** The greatest ceiling of calls a second. */
const MAX_RPS = 1_000_000;

/** What is allowed, in words, where the list's own problems say it as well. */
const WEIGHTS = `a whole number from 1 to ${MAX_WEIGHT}`;
const RATES = `a number of calls a second from 0.001 to ${MAX_RPS}, with up to 3 decimals`;
const ACCOUNTS = 'up to 64 letters, digits, ".", "_" and "-"';
const KEEP = 'the word keep';
const BOOLEANS = 'true or false';
const FILES = 'the name of a file, without blanks';

export const UPSTREAM_OPTIONS: readonly UpstreamOption[] = [
  {
    name: 'name',
    example: 'name=NAME',
    json: 'text',
    allowed: 'up to 64 letters, digits, ".", "_" and "-"',
    doc: 'its name in logs, `/stats`, alerts and `X-Forwarded-Server`: up to 64 letters, digits, `.`, `_`, `-`; if not given, its host and port as the URL has them (`localhost:8545`, `eth.example`, `[::1]:8545`), with `-2`, `-3` for repeats',
    read: ([name], { url, report }) => reportProblem(nameProblem(name, url), report) ?? { name },
    write: ({ name }) => [name],
  },
  {
    name: 'weight',
    example: 'weight=3',
    json: 'number',
    allowed: WEIGHTS,
    doc: `1 to ${MAX_WEIGHT}: its share in every strategy but \`round-robin\``,
    read: ([text], { report }) => reportProblem(weightProblem(text), report) ?? { weight: Number(text) },
    write: ({ weight }) => [weight],
  },
  {
    name: 'host',
    example: 'host=keep',
    json: 'text',
    allowed: KEEP,
    doc: "sends the client's `Host` instead of the upstream's, for servers that host several sites; health checks and, over TLS, the check of the certificate still use the host of the URL",
    read: ([text], { report }) =>
      reportProblem(text === 'keep' ? undefined : refusedValue('host', text, KEEP), report) ?? {
        keepsHost: true,
      },
    write: ({ keepsHost }) => (keepsHost ? ['keep'] : []),
  },
  {
    name: 'ca',
    example: 'ca=FILE',
    json: 'text',
    allowed: FILES,
    doc: "the only authorities (PEM) whose certificates an `https:` upstream may have, instead of the system's",
    needsTls: true,
    read: readAuthorities,
    write: ({ ca }) => (ca ? [ca.file] : []),
  },
  {
    name: 'insecure',
    example: 'insecure=true',
    json: 'boolean',
    allowed: BOOLEANS,
    doc: 'verifies no certificate: for tests; a warning is logged at the start',
    needsTls: true,
    read: readInsecure,
    write: ({ insecure }) => (insecure ? [true] : []),
  },
  {
    name: 'rps',
    example: 'rps=50',
    json: 'number',
    allowed: RATES,
    doc: `the most calls a second that it is sent, from 0.001 to ${MAX_RPS}; a batch counts its calls, and goes in pieces of a quarter of a second’s where no upstream takes it whole. Without it limits are learnt ([how](rate-limits.md))`,
    read: ([text], { report }) => reportProblem(rpsProblem(text), report) ?? { rps: Number(text) },
    write: ({ rps }) => (rps === undefined ? [] : [rps]),
  },
  {
    name: 'account',
    example: 'account=NAME',
    json: 'text',
    allowed: ACCOUNTS,
    doc: 'upstreams with the same account share one budget, since the provider counts them together: up to 64 letters, digits, `.`, `_`, `-`',
    read: ([account], { report }) => reportProblem(accountProblem(account), report) ?? { account },
    write: ({ account }) => (account === undefined ? [] : [account]),
  },
  {
    name: 'header',
    example: 'header=NAME:VALUE',
    json: 'text',
    repeatable: true,
    allowed: '"NAME:VALUE", or a list of such texts, percent-encoded where a value has blanks',
    doc: "a line sent with each request, health check and WebSocket handshake, in place of the client's of that name; may be repeated. Spaces, commas and `%` in the value are percent-encoded, in `POST /servers` as well: `header=Authorization:Bearer%20KEY`. The value is as secret as the URL's path. Not allowed: headers about framing (`Host`, `Content-Length`, …), about one connection (`Connection`, `Upgrade`, `Expect`, `Proxy-…`, `Sec-WebSocket-…`, …) and headers that the load balancer writes itself (`Via`, `Forwarded`, `X-Forwarded-…`, `X-Real-IP`, `X-Request-Id`, `Accept-Encoding`)",
    read: readUpstreamHeaders,
    mask: (line) => line.replace(/:.*/s, ':***'),
    secrets: ({ headers = [] }) => headers.flatMap((line) => secretsOfHeader(...line)),
    write: ({ headers }) => formatUpstreamHeaders(headers),
  },
];

export const OPTION_NAMES: readonly string[] = UPSTREAM_OPTIONS.map(({ name }) => name);

/** What to add to the problem of a flag or key of this name that there is not; empty unless it is an option. */
export function optionHint(name: string): string {
  return OPTION_NAMES.includes(name) ? `; ${name} is an option of an upstream: URL ${name}=…` : '';
}

/** An upstream's options without secrets, as in a list: `name=a weight=1`. */
export function maskedOptions(spec: UpstreamSpec): string {
  return UPSTREAM_OPTIONS.flatMap(({ name, write, mask = String }) =>
    write(spec).map((value) => `${name}=${mask(String(value))}`),
  ).join(' ');
}

/** Reports a problem and returns what is then known of the upstream, which is nothing; undefined without a problem. */
function reportProblem(
  problem: string | undefined,
  report: (problem: string) => void,
): OptionPart | undefined {
  if (problem === undefined) return undefined;
  report(problem);
  return {};
}

function rpsProblem(text: string): string | undefined {
  const rps = Number(text);
  if (/^\d{1,7}(?:\.\d{1,3})?$/.test(text) && rps > 0 && rps <= MAX_RPS) return undefined;
  return refusedValue('rps', text, RATES);
}

function accountProblem(account: string): string | undefined {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(account)) return undefined;
  if (account.length > 64) return `has an account of ${account.length} characters; allowed: up to 64`;
  return refusedValue('account', account, ACCOUNTS);
}

function weightProblem(text: string): string | undefined {
  const weight = Number(text);
  if (/^\d{1,4}$/.test(text) && weight >= 1 && weight <= MAX_WEIGHT) return undefined;
  return refusedValue('weight', text, WEIGHTS);
}

function readAuthorities([file]: OptionTexts, { folder, report }: OptionContext): OptionPart {
  if (file === '') report(refusedValue('ca', file, FILES));
  if (file === '' || folder === undefined) return {};
  const read = readTextFile(folder, file);
  const problem = 'text' in read ? certificateProblem(read.text) : `can't be used: ${read.reason}`;
  if ('text' in read && problem === undefined) return { ca: { file, pem: read.text } };
  report(
    `has the ca file ${shownValue(file)}, which ${problem}; allowed: a file with certificates in PEM form`,
  );
  return {};
}

function readInsecure([text]: OptionTexts, { given, report }: OptionContext): OptionPart {
  if (text !== 'true' && text !== 'false') report(refusedValue('insecure', text, BOOLEANS));
  if (text !== 'true') return {};
  if (given.has('ca')) report('has the options ca and insecure=true; allowed: one of them');
  return { insecure: true };
}
