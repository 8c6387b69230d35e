/** Finds in a body what an operator wants to call as it was written: JavaScript would change some numbers. */

import {
  CLOSE_OBJECT,
  COMMA,
  closingQuote,
  documentStart,
  skipSpace,
  valueEnd,
} from '../../rpc/json-scan.ts';
import { scanDocument } from '../../rpc/members.ts';

/** The source of the member `name` of a JSON object; of the last one where there are several, as JSON.parse has it. */
export function memberSource(json: string, name: string): string {
  const bytes = Buffer.from(json);
  let found = '';
  let at = skipSpace(bytes, documentStart(bytes) + 1);
  while (at > 0 && at < bytes.length && bytes[at] !== CLOSE_OBJECT) {
    const keyEnd = closingQuote(bytes, at + 1) + 1;
    const value = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
    const end = valueEnd(bytes, value);
    if (JSON.parse(bytes.toString('utf8', at, keyEnd)) === name) found = bytes.toString('utf8', value, end);
    at = skipSpace(bytes, end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return found;
}

/** The sources of the items of a JSON array. */
export function itemSources(json: string): string[] {
  const bytes = Buffer.from(json);
  return scanDocument(bytes)?.items.map(({ start, end }) => bytes.toString('utf8', start, end)) ?? [];
}

/** A JSON object that is not empty, with these members before its own ones. */
export function withMembers(json: string, members: Readonly<Record<string, unknown>>): string {
  const added = JSON.stringify(members).slice(1, -1);
  return added === '' ? json : `{${added},${json.slice(json.indexOf('{') + 1)}`;
}
