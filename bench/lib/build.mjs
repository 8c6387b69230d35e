import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/**
 * A copy of the program that reads requests and keeps accounts as ever, but takes each answer for as good as
 * the first: what it saves is what judging costs. The path of its main file.
 */
export function buildUnjudging() {
  // Where its packages are found.
  const folder = join(root, 'node_modules/.bench/unjudging');
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, 'dist'), folder, { recursive: true });
  const file = join(folder, 'balancer/judge-rpc.js');
  renameSync(file, join(folder, 'balancer/real-judge-rpc.js'));
  writeFileSync(
    file,
    `import { judgeOneResult as judgeFirst } from './real-judge-rpc.js';
export { judgeRpcBody, openCall } from './real-judge-rpc.js';
let first;
export function judgeOneResult(answered, asked) {
  if (!first) return (first = judgeFirst(answered, asked));
  const { calls, blames } = first;
  return { calls, blames, text: answered.body, oneByOne: true, exact: true };
}
export const mayHoldRpcAnswer = () => true;
`,
  );
  return join(folder, 'main.js');
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
