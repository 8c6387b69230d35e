/** Makes texts that upstreams have sent fit to be printed on a terminal. */

import type { SecretTexts } from '../../secret-texts.ts';

/** Longer texts are not looked through. */
const MAX_READ = 4_096;

/**
 * The text on one line of at most `length` characters, without the upstream's secrets and without anything that a
 * terminal could take for a command: control characters, invisible ones, changes of direction.
 */
export function shownText(text: string, secrets: SecretTexts, length: number): string {
  const plain = text
    .slice(0, MAX_READ)
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return cut(secrets.mask(plain), length);
}

/** The text, or its beginning with an ellipsis, in at most `length` characters. */
export function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
