/** Keeps the lists of upstreams in the file of `PERSIST_SERVERS`. */

import { realpathSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { serverFileText } from '../config/upstreams/server-file.ts';
import { MAX_FILE_BYTES } from '../regular-file.ts';
import type { UpstreamSpec } from '../upstreams/upstream.ts';
import type { ListStore } from './server-lists.ts';

/** The lists hold URLs with keys: only the owner may read them. */
const MODE = 0o600;

/**
 * Whenever the machine stops, the file is either the old or the new one as a whole: the new one is written beside it, to
 * the disk, and renamed. What a stop leaves beside it is never read, and overwritten by the next change.
 */
export class ServerStore implements ListStore {
  readonly #path: string;
  readonly #temporaryPath: string;

  /** If `path` is a symbolic link, the file that it points to is replaced. */
  constructor(path: string) {
    this.#path = resolveLinks(path);
    this.#temporaryPath = join(dirname(this.#path), `.${basename(this.#path)}.new`);
  }

  /** Must not be called before the last call is over. Rejects with the system's error; the old file stays. */
  async save(upstreams: readonly UpstreamSpec[]): Promise<void> {
    const text = serverFileText(upstreams);
    if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw new Error('the lists would take more than 1 MB');
    try {
      await rm(this.#temporaryPath, { force: true });
      // Only a new file certainly has this mode, and is not a link.
      await writeAndClose(await open(this.#temporaryPath, 'wx', MODE), text);
      await rename(this.#temporaryPath, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await rm(this.#temporaryPath, { force: true }).catch(() => {});
      throw error;
    }
  }
}

async function writeAndClose(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes the new name to the disk, too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // The file does not exist yet.
    return path;
  }
}
