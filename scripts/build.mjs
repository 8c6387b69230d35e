// Compiles src into a new folder that then takes the place of dist: a deleted module never lives on there,
// and a program that starts meanwhile finds the old build or the new one, not half of it.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = join(root, 'dist');
const next = mkdtempSync(join(root, '.dist-'));
try {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const project = join(root, 'tsconfig.build.json');
  execFileSync(process.execPath, [tsc, '-p', project, '--outDir', next], { stdio: 'inherit' });
  cpSync(join(root, 'src/admin/page'), join(next, 'admin/page'), { recursive: true });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(next, 'version.json'), `${JSON.stringify({ version })}\n`);
  chmodSync(join(next, 'main.js'), 0o755);
  chmodSync(next, 0o755);
  rmSync(dist, { recursive: true, force: true });
  renameSync(next, dist);
} catch (error) {
  // The compiler has said what is wrong.
  if (!('status' in error)) console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(next, { recursive: true, force: true });
}
