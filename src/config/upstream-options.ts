/**
 * The one table of an upstream's options, one row for each: the lists in the settings, upstreams as JSON objects, the
 * file that keeps the lists, the masked settings, the admin port and the documentation are based on it.
 */

import { secretsOfHeader } from '../secret-texts.ts';
import { certificateProblem } from '../server/certificate.ts';
import { MAX_WEIGHT, type UpstreamSpec } from '../upstreams/upstream.ts';
import { readTextFile } from './text-file.ts';
import { formatUpstreamHeaders, readUpstreamHeaders } from './upstream-headers.ts';
import { nameProblem } from './upstream-names.ts';
import type { OptionContext, OptionPart, OptionTexts, UpstreamOption } from './upstream-option.ts';

/** The greatest ceiling of calls a second. */
const MAX_RPS = 1_000_000;

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
    allowed: `a whole number from 1 to ${MAX_WEIGHT}`,
    doc: `1 to ${MAX_WEIGHT}: its share in every strategy but \`round-robin\``,
    read: ([text], { report }) => reportProblem(weightProblem(text), report) ?? { weight: Number(text) },
    write: ({ weight }) => [weight],
  },
  {
    name: 'host',
    example: 'host=keep',
    json: 'text',
    allowed: '"keep"',
    doc: "sends the client's `Host` instead of the upstream's, for servers that host several sites; health checks and, over TLS, the check of the certificate still use the host of the URL",
    read: ([text], { report }) =>
      reportProblem(
        text === 'keep' ? undefined : 'has a host option that is not allowed; allowed: host=keep',
        report,
      ) ?? { keepsHost: true },
    write: ({ keepsHost }) => (keepsHost ? ['keep'] : []),
  },
  {
    name: 'ca',
    example: 'ca=FILE',
    json: 'text',
    allowed: 'the name of a file, without blanks',
    doc: "the only authorities (PEM) whose certificates an `https:` upstream may have, instead of the system's",
    needsTls: true,
    read: readAuthorities,
    write: ({ ca }) => (ca ? [ca.file] : []),
  },
  {
    name: 'insecure',
    example: 'insecure=true',
    json: 'boolean',
    allowed: 'true or false',
    doc: 'verifies no certificate: for tests; a warning is logged at the start',
    needsTls: true,
    read: readInsecure,
    write: ({ insecure }) => (insecure ? [true] : []),
  },
  {
    name: 'rps',
    example: 'rps=50',
    json: 'number',
    allowed: `a number from 0.001 to ${MAX_RPS}`,
    doc: `the most calls a second that it is sent, from 0.001 to ${MAX_RPS}; a batch counts its calls, and goes in pieces if they are more than a second’s. Without it limits are learnt ([how](rate-limits.md))`,
    read: ([text], { report }) => reportProblem(rpsProblem(text), report) ?? { rps: Number(text) },
    write: ({ rps }) => (rps === undefined ? [] : [rps]),
  },
  {
    name: 'account',
    example: 'account=NAME',
    json: 'text',
    allowed: 'up to 64 letters, digits, ".", "_" and "-"',
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
  const shown = /^-?[\d.]{1,10}$/.test(text) ? ` ${text}` : '';
  return `has an rps${shown} that is not allowed; allowed: calls a second, from 0.001 to ${MAX_RPS}`;
}

function accountProblem(account: string): string | undefined {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(account)) return undefined;
  return 'has an account that is not allowed; allowed: up to 64 letters, digits, ".", "_" and "-"';
}

function weightProblem(text: string): string | undefined {
  const weight = Number(text);
  if (/^\d{1,4}$/.test(text) && weight >= 1 && weight <= MAX_WEIGHT) return undefined;
  const shown = /^-?[\d.]{1,10}$/.test(text) ? ` ${text}` : '';
  return `has a weight${shown} that is not allowed; allowed: a whole number from 1 to ${MAX_WEIGHT}`;
}

function readAuthorities([file]: OptionTexts, { folder, report }: OptionContext): OptionPart {
  if (file === '') report('has a ca without a file; allowed: ca=FILE');
  if (file === '' || folder === undefined) return {};
  const read = readTextFile(folder, file);
  const problem = 'text' in read ? certificateProblem(read.text) : `can't be used: ${read.reason}`;
  if ('text' in read && problem === undefined) return { ca: { file, pem: read.text } };
  report(`has a ca file that ${problem}; allowed: a file with certificates in PEM form`);
  return {};
}

function readInsecure([text]: OptionTexts, { given, report }: OptionContext): OptionPart {
  if (text !== 'true' && text !== 'false')
    report('has an insecure that is not allowed; allowed: true or false');
  if (text !== 'true') return {};
  if (given.has('ca')) report('has the options ca and insecure=true; allowed: one of them');
  return { insecure: true };
}
