/** Reads regular files only, so that a pipe or a device can't hold up the process. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Far more than any settings, certificates or lists need. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** A file is not read, for a reason other than an error of the system. */
export class FileRefused extends Error {}

/** Does not wait for a pipe without a writer, and does not make a terminal this process's controlling one. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * The bytes of a regular file of up to 1 MB. Throws FileRefused for a pipe, a device, a folder and a larger file, which
 * could hold up the whole process or fill its memory; and the system's error. Only for files whose disk is known to
 * respond at once.
 */
export function readRegularFileSync(path: string): Buffer {
  const file = openSync(path, FLAGS);
  try {
    checkStats(fstatSync(file));
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    let size = 0;
    // Files of the kernel (/proc, /sys) have a size of 0, and may never end.
    for (let read = -1; read !== 0 && size < bytes.length; size += read)
      read = readSync(file, bytes, size, bytes.length - size, null);
    return checked(bytes.subarray(0, size));
  } finally {
    closeSync(file);
  }
}

/** Like `readRegularFileSync`, without waiting for the disk. Rejects with what that throws. */
export async function readRegularFile(path: string): Promise<Buffer> {
  const file = await open(path, FLAGS);
  try {
    checkStats(await file.stat());
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    let size = 0;
    for (let read = -1; read !== 0 && size < bytes.length; size += read)
      read = (await file.read(bytes, size, bytes.length - size, null)).bytesRead;
    return checked(bytes.subarray(0, size));
  } finally {
    await file.close();
  }
}

function checkStats(stats: { readonly size: number; isFile(): boolean; isDirectory(): boolean }): void {
  if (stats.isDirectory()) throw new FileRefused('it is a folder');
  if (!stats.isFile()) throw new FileRefused('it is no regular file');
  if (stats.size > MAX_FILE_BYTES) throw tooLarge();
}

function checked(bytes: Buffer): Buffer {
  if (bytes.length > MAX_FILE_BYTES) throw tooLarge();
  return bytes;
}

function tooLarge(): FileRefused {
  return new FileRefused('it is larger than 1 MB');
}
