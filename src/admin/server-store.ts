import { realpathSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { serverFileText } from '../config/server-file.ts';
import { MAX_FILE_BYTES } from '../regular-file.ts';
import type { UpstreamSpec } from '../upstreams/upstream.ts';
import type { ListStore } from './server-lists.ts';

/** The lists hold URLs with keys: nobody but the owner reads them. */
const MODE = 0o600;

/**
 * Keeps the lists in a file that is either the old one or the new one, whole, whenever the machine stops: the new
 * one is written beside it, to the disk, and takes its name. What a stop leaves beside it is overwritten by the
 * next change and read by nobody.
 */
export class ServerStore implements ListStore {
  readonly #path: string;
  readonly #draft: string;

  /** A symbolic link stays one: what it points to is replaced. */
  constructor(path: string) {
    this.#path = resolved(path);
    this.#draft = join(dirname(this.#path), `.${basename(this.#path)}.new`);
  }

  /** Not to be called before the last call is over. Rejects with the system's error; the old file stays. */
  async save(upstreams: readonly UpstreamSpec[]): Promise<void> {
    const text = serverFileText(upstreams);
    if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw new Error('the lists would take more than 1 MB');
    try {
      await rm(this.#draft, { force: true });
      // Only a new file has this mode for certain, and is nobody's link.
      await written(await open(this.#draft, 'wx', MODE), text);
      await rename(this.#draft, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await rm(this.#draft, { force: true }).catch(() => {});
      throw error;
    }
  }
}

async function written(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The new name is on the disk as well. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // There is none yet.
    return path;
  }
}
