import type { OptionContext, OptionPart, OptionTexts } from './upstream-option.ts';

/** The header lines that an upstream gets with everything it is asked: `header=NAME:VALUE`. */

const MAX_NAME_LENGTH = 100;
const MAX_VALUE_LENGTH = 4096;

/**
 * Lines of framing and of one connection, lines that a handshake stands or falls by, and those that the load
 * balancer writes itself and relies on: who asked, for what, and in which codings an answer can be read.
 */
const NOT_ALLOWED =
  /^(?:host|content-length|content-encoding|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|http2-settings|proxy-.*|sec-websocket-.*|via|forwarded|x-forwarded-.*|x-real-ip|x-request-id|accept-encoding)$/;

type Line = readonly [name: string, value: string];

/** Reads all of an upstream's lines. No problem shows more of one than its name. */
export function readOwnHeaders(texts: OptionTexts, { url, report }: OptionContext): OptionPart {
  const lines = new Map<string, Line>();
  for (const text of texts) {
    const line = readLine(text);
    const key = typeof line === 'string' ? '' : line[0].toLowerCase();
    const wrong = typeof line === 'string' ? line : whatIsWrongBeside(line, lines.has(key), url);
    if (wrong !== undefined) report(wrong);
    else if (typeof line !== 'string') lines.set(key, line);
  }
  return { headers: Object.freeze([...lines.values()]) };
}

/** As `readOwnHeaders` reads them: without blanks and commas. */
export function writeOwnHeaders(headers: readonly Line[] = []): string[] {
  return headers.map(([name, value]) => `${name}:${value.replaceAll(/[%,# ]/g, encodeURIComponent)}`);
}

/** A line, or what is wrong with it. */
function readLine(text: string): Line | string {
  const [, name = '', written = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  if (name.length > MAX_NAME_LENGTH || !/^[!#$%&'*+\-.^_`|~\w]+$/.test(name))
    return 'has a header that is not allowed; allowed: header=NAME:VALUE';
  const header = `has the header${shown(name)}`;
  if (NOT_ALLOWED.test(name.toLowerCase().replaceAll('_', '-')))
    return `${header}, which is not for this option; allowed: lines other than those of framing, of one connection, and of the load balancer itself`;
  const value = decoded(written)?.trim();
  if (value === undefined) return `${header} with a stray %; allowed: %25 for a % in a value`;
  if (value === '') return `${header} without a value; allowed: header=NAME:VALUE`;
  if (value.length > MAX_VALUE_LENGTH)
    return `${header} with a value of ${value.length} characters; allowed: up to ${MAX_VALUE_LENGTH}`;
  return /^[\x20-\x7e]+$/.test(value)
    ? [name, value]
    : `${header} with a value that is not allowed; allowed: printable ASCII, with %20 for a blank and %2C for a comma`;
}

function whatIsWrongBeside([name]: Line, isRepeated: boolean, url: URL | undefined): string | undefined {
  if (isRepeated) return `has the header${shown(name)} twice; allowed: once`;
  if (name.toLowerCase() !== 'authorization' || !(url?.username || url?.password)) return undefined;
  return `has the header ${name} beside the user-info of its URL; allowed: one of them`;
}

/** What is no plain word may be a value that slipped in. */
function shown(name: string): string {
  return /^[a-z]+(?:[-_][a-z]+)*$/i.test(name) && name.length <= 40 ? ` ${name}` : '';
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
