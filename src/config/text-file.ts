/** Reads a small text file that a setting names. */

import { resolve } from 'node:path';
import { FileRefused, readRegularFileSync } from '../regular-file.ts';

/** The text of a file, or why there is none: the system's error code, or that it is not UTF-8. */
export type TextFile = { readonly text: string } | { readonly missing: boolean; readonly reason: string };

/** Reads a regular UTF-8 file of up to 1 MB, without its byte order mark. A relative name is looked up in `folder`. Never throws. */
export function readTextFile(folder: string, name: string): TextFile {
  try {
    return {
      text: new TextDecoder('utf-8', { fatal: true }).decode(readRegularFileSync(resolve(folder, name))),
    };
  } catch (error) {
    if (error instanceof FileRefused) return { missing: false, reason: error.message };
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') return { missing: true, reason: 'there is no such file' };
    return {
      missing: false,
      reason: code.startsWith('ERR_ENCODING') ? 'it is not UTF-8 text' : `it can't be read (${code})`,
    };
  }
}
