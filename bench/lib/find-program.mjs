import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Full path of an installed program, or undefined. Servers lie in sbin, which is not on every PATH. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((path) => join(path, name)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
