/** Removes codings that can't be unpacked here from an Accept-Encoding. */

import { canUnpack } from '../http/decode.ts';

/** Values seen before, and whether each asks for a coding that can't be unpacked. Clients send few different ones. */
const KNOWN = new Map<string, boolean>();
const MAX_KNOWN = 100;
const LONGEST_KNOWN = 200;

/** Whether an Accept-Encoding asks for a coding that can't be unpacked here: an answer in that coding can't be judged. */
export function asksForUnreadable(acceptEncoding: string): boolean {
  const known = KNOWN.get(acceptEncoding);
  if (known !== undefined) return known;
  const found = !acceptEncoding.split(',').every(isReadable);
  if (KNOWN.size < MAX_KNOWN && acceptEncoding.length <= LONGEST_KNOWN) KNOWN.set(acceptEncoding, found);
  return found;
}

/** Removes such codings from the Accept-Encoding lines in `lines`, which are names and values in turn. */
export function removeUnreadable(lines: string[]): void {
  for (let at = 0; at + 1 < lines.length; at += 2) {
    if (lines[at]?.toLowerCase() !== 'accept-encoding') continue;
    const readable = (lines[at + 1] ?? '').split(',').filter(isReadable).join(',').trim();
    lines[at + 1] = readable === '' ? 'identity' : readable;
  }
}

/** Makes the Accept-Encoding lines in `lines` ask for bodies as they are. */
export function askForNoCoding(lines: string[]): void {
  for (let at = 0; at + 1 < lines.length; at += 2)
    if (lines[at]?.toLowerCase() === 'accept-encoding') lines[at + 1] = 'identity';
}

/** Whether a member of the list may stay: with `q=0` it asks for nothing. */
function isReadable(member: string): boolean {
  const [coding = '', ...parameters] = member.split(';').map((part) => part.trim().toLowerCase());
  if (parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) return true;
  return coding === '' || coding === 'identity' || canUnpack(coding);
}
