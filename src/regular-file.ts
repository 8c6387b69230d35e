import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Far more than any settings, certificates or lists need. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** Why a file is not read, besides the system's own errors. */
export class FileRefused extends Error {}

/** A pipe that nobody writes to must not be waited for, and a terminal not become this process's own. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * The bytes of a regular file of up to 1 MB. Throws FileRefused for a pipe, a device, a folder and a larger file, which
 * could hold up the whole process or fill its memory; and the system's error. Only for files that are known to
 * answer at once.
 */
export function readRegularFileSync(path: string): Buffer {
  const file = openSync(path, FLAGS);
  try {
    check(fstatSync(file));
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    let size = 0;
    // Files of the kernel's own say that they are empty, and may never end.
    for (let read = -1; read !== 0 && size < bytes.length; size += read)
      read = readSync(file, bytes, size, bytes.length - size, null);
    return checked(bytes.subarray(0, size));
  } finally {
    closeSync(file);
  }
}

/** The same without waiting for the disk. Rejects with what the other one throws. */
export async function readRegularFile(path: string): Promise<Buffer> {
  const file = await open(path, FLAGS);
  try {
    check(await file.stat());
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    let size = 0;
    for (let read = -1; read !== 0 && size < bytes.length; size += read)
      read = (await file.read(bytes, size, bytes.length - size, null)).bytesRead;
    return checked(bytes.subarray(0, size));
  } finally {
    await file.close();
  }
}

function check(stats: { readonly size: number; isFile(): boolean; isDirectory(): boolean }): void {
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
