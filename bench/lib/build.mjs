import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The compiled program. */
export const daemonFile = join(root, 'dist/main.js');

/** Builds the daemon when `dist` is missing or older than a source. Throws when the build fails. */
export function ensureBuilt() {
  // The build writes this file last.
  const built = modifiedMs(join(root, 'dist/version.json'));
  if (built !== undefined && modifiedMs(daemonFile) !== undefined && built >= newestSourceMs()) return;
  console.log('Building…');
  execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: 'inherit' });
}

function newestSourceMs() {
  const entries = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true });
  // Folders too: their time tells of a file that was deleted.
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  paths.push(join(root, 'package.json'), join(root, 'tsconfig.json'), join(root, 'tsconfig.build.json'));
  return Math.max(...paths.map((path) => modifiedMs(path) ?? 0));
}

function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
