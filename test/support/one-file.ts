import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
// It comes with vite.
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The built program with its libraries in one file, where that was made. */
    readonly program: string | undefined;
  }
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Puts what `npm run build` made, and the libraries, into one file before the tests: a daemon that loads 700 files needs
 * twice the time to start, and the tests start hundreds.
 */
export default async function bundle(project: TestProject): Promise<() => void> {
  const dist = join(root, 'dist');
  // Beside dist, so that a program in it finds the same things.
  const folder = mkdtempSync(join(root, '.dist-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    await build({
      entryPoints: [join(dist, 'main.js')],
      outdir: folder,
      bundle: true,
      // They are loaded by those alone who want them, and bundled prom-client tells of nothing.
      external: ['prom-client', 'pino-pretty', '@redis/client'],
      splitting: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      // Libraries in the old format ask for the modules of Node so.
      banner: {
        js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
      },
      logLevel: 'error',
    });
  } catch (error) {
    remove();
    throw error;
  }
  // What modules read that lies beside them.
  cpSync(join(dist, 'version.json'), join(folder, 'version.json'));
  cpSync(join(dist, 'admin/page'), join(folder, 'page'), { recursive: true });
  project.provide('program', join(folder, 'main.js'));
  return remove;
}
