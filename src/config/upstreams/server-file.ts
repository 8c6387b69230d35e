/** The file of `PERSIST_SERVERS`: the two lists as operators have changed them. */

import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { UpstreamSpec } from '../../upstreams/upstream.ts';
import { readTextFile } from '../text-file.ts';
import { readServerEntry, toServerEntry } from './server-entry.ts';
import type { UpstreamEntry } from './upstream-list.ts';

const VERSION = 1;
const ALLOWED = `a file that the load balancer has written: {"version": ${VERSION}, "servers": […]}`;

/** The content of the file; without entries when it does not exist yet. */
export interface PersistedLists {
  /** Of each pool primaries first, then fallbacks. */
  readonly entries: readonly UpstreamEntry[];
  readonly problems: readonly string[];
}

/**
 * Reads the file `name`, and checks that its folder may be written to. `where` names the setting in a problem. A relative
 * name is looked up in `folder`. Changes nothing.
 */
export function readServerFile(name: string, folder: string, where: string): PersistedLists {
  const path = resolve(folder, name);
  const shown = `${where}: ${JSON.stringify(name)}`;
  const reason = whyNotWritable(path);
  if (reason !== undefined) {
    const problem = `${shown} can't be written: ${reason}; allowed: a file in a folder that may be written to`;
    return { entries: [], problems: [problem] };
  }
  const file = readTextFile(folder, name);
  if (!('text' in file)) {
    if (file.missing) return { entries: [], problems: [] };
    return { entries: [], problems: [`${shown} can't be used: ${file.reason}; allowed: ${ALLOWED}`] };
  }
  const servers = serversIn(file.text);
  if (typeof servers === 'string')
    return { entries: [], problems: [`${shown} ${servers}; allowed: ${ALLOWED}`] };
  const parsed = servers.map((entry, index) => readServerEntry(entry, `${shown} entry ${index + 1}`));
  return {
    entries: byTier(parsed.filter((entry) => typeof entry !== 'string')),
    problems: parsed.filter((entry) => typeof entry === 'string'),
  };
}

/** The text of the file. It holds the URLs with their secrets. */
export function serverFileText(upstreams: readonly UpstreamSpec[]): string {
  return `${JSON.stringify({ version: VERSION, servers: upstreams.map(toServerEntry) }, undefined, 2)}\n`;
}

/** The file's entries, or what is wrong with it. Without the parser's own message, which quotes the file. */
function serversIn(text: string): readonly unknown[] | string {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return 'is no valid JSON';
  }
  if (typeof content !== 'object' || content === null || !('servers' in content) || !('version' in content))
    return 'holds no lists';
  if (content.version !== VERSION) return 'is of another version';
  if (!Array.isArray(content.servers) || content.servers.length === 0) return 'names no upstream';
  return content.servers;
}

function byTier(entries: readonly UpstreamEntry[]): UpstreamEntry[] {
  return [
    ...entries.filter(({ tier }) => tier === 'primary'),
    ...entries.filter(({ tier }) => tier === 'fallback'),
  ];
}

/** Why the file can't be replaced by another one; undefined when it can. */
function whyNotWritable(path: string): string | undefined {
  const folder = dirname(path);
  try {
    if (!statSync(folder).isDirectory()) return 'its folder is none';
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) return 'it is no file';
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return code === 'ENOENT' ? 'there is no such folder' : `its folder is not to be used (${code})`;
  }
}
