/** The option `header=NAME:VALUE`: headers that an upstream gets with everything that is sent to it. */

import { type OptionContext, type OptionPart, type OptionTexts, refusedValue } from './upstream-option.ts';

const MAX_NAME_LENGTH = 100;
const MAX_VALUE_LENGTH = 4096;

/**
 * Headers of framing and of one connection, headers that a handshake depends on, and those that the load balancer
 * writes itself and relies on: who sent the request, for what, and in which codings an answer can be read.
 */
const NOT_ALLOWED =
  /^(?:host|content-length|content-encoding|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|http2-settings|proxy-.*|sec-websocket-.*|via|forwarded|x-forwarded-.*|x-real-ip|x-request-id|accept-encoding)$/;

const FORM = 'header=NAME:VALUE';

type Header = readonly [name: string, value: string];

/** Reads all of an upstream's headers. A problem shows no more of one than its name. */
export function readUpstreamHeaders(texts: OptionTexts, { url, report }: OptionContext): OptionPart {
  const headers = new Map<string, Header>();
  for (const text of texts) {
    const header = readHeader(text);
    const key = typeof header === 'string' ? '' : header[0].toLowerCase();
    const problem = typeof header === 'string' ? header : conflictProblem(header, headers.has(key), url);
    if (problem !== undefined) report(problem);
    else if (typeof header !== 'string') headers.set(key, header);
  }
  return { headers: Object.freeze([...headers.values()]) };
}

/** The texts that `readUpstreamHeaders` reads: without blanks and commas. */
export function formatUpstreamHeaders(headers: readonly Header[] = []): string[] {
  return headers.map(([name, value]) => `${name}:${value.replaceAll(/[%,# ]/g, encodeURIComponent)}`);
}

/** A header, or what is wrong with it. */
function readHeader(text: string): Header | string {
  const [, name = '', encoded = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  if (name.length > MAX_NAME_LENGTH || !/^[!#$%&'*+\-.^_`|~\w]+$/.test(name)) return unnamed(text);
  const subject = `has the header${shown(name)}`;
  if (NOT_ALLOWED.test(name.toLowerCase().replaceAll('_', '-')))
    return `${subject}, which is not for this option; allowed: lines other than those of framing, of one connection, and of the load balancer itself`;
  const value = decoded(encoded)?.trim();
  if (value === undefined) return `${subject} with a stray %; allowed: %25 for a % in a value`;
  if (value === '') return `${subject} without a value; allowed: ${FORM}`;
  if (value.length > MAX_VALUE_LENGTH)
    return `${subject} with a value of ${value.length} characters; allowed: up to ${MAX_VALUE_LENGTH}`;
  return /^[\x20-\x7e]+$/.test(value)
    ? [name, value]
    : `${subject} with a value that is not allowed; allowed: printable ASCII, with %20 for a blank and %2C for a comma`;
}

/** A text that does not begin with a header's name may be a value: nothing of it is shown. */
function unnamed(text: string): string {
  if (text === '') return refusedValue('header', text, FORM);
  const problem = text.includes(':') ? 'a name that is none of a header' : 'no colon';
  return `has header=***, with ${problem}; allowed: ${FORM}`;
}

function conflictProblem([name]: Header, isRepeated: boolean, url: URL | undefined): string | undefined {
  if (isRepeated) return `has the header${shown(name)} twice; allowed: once`;
  if (name.toLowerCase() !== 'authorization' || !(url?.username || url?.password)) return undefined;
  return `has the header ${name} beside the user-info of its URL; allowed: one of them`;
}

/** What is not a plain word may be a value in the wrong place. */
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
