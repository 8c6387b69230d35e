import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, join, posix, relative } from 'node:path';
import { environment, type Instruction, isIgnored, type Stage } from './dockerfile.ts';

/** Builds an image's stages in empty folders: what COPY and RUN leave in each, without a container. */
export class StageBuilder {
  readonly #contextFolder: string;
  readonly #ignoreFile: string;
  readonly #workFolder: string;
  readonly #roots = new Map<string, string>();

  /**
   * @param contextFolder the build context
   * @param ignoreFile the text of its .dockerignore
   * @param workFolder an empty folder; each stage's root is made in it
   */
  constructor(contextFolder: string, ignoreFile: string, workFolder: string) {
    this.#contextFolder = contextFolder;
    this.#ignoreFile = ignoreFile;
    this.#workFolder = workFolder;
  }

  /** Carries out one stage. Returns the folder that is the image's WORKDIR. */
  build(stage: Stage): string {
    const root = join(this.#workFolder, `stage-${this.#roots.size}`);
    mkdirSync(root);
    this.#roots.set(stage.name ?? String(this.#roots.size), root);
    let workdir = '/';
    for (const instruction of stage.instructions) {
      if (instruction.name === 'WORKDIR') {
        workdir = posix.resolve(workdir, instruction.text);
        mkdirSync(join(root, workdir), { recursive: true });
      }
      if (instruction.name === 'COPY') this.#copy(instruction, join(root, workdir), root);
      if (instruction.name === 'RUN') run(instruction.text, join(root, workdir), environment(stage));
    }
    return join(root, workdir);
  }

  #copy(instruction: Instruction, workdir: string, root: string): void {
    const words = instruction.text.split(/\s+/);
    const destination = words.pop() ?? '';
    const target = destination.startsWith('/') ? join(root, destination) : join(workdir, destination);
    const from = instruction.flags.get('from');
    const sourceRoot = from === undefined ? this.#contextFolder : this.#roots.get(from);
    if (sourceRoot === undefined) throw new Error(`COPY from an unknown stage: ${from}`);
    const isFolder = destination.endsWith('/') || words.length > 1;
    for (const word of words) {
      const source = join(sourceRoot, word);
      // A folder's contents are copied, not the folder itself: Docker's rule.
      const goesTo = statSync(source).isFile() && isFolder ? join(target, basename(source)) : target;
      cpSync(source, goesTo, {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => from !== undefined || this.#isInContext(path),
      });
    }
    if (readdirSync(workdir).length === 0) throw new Error(`COPY copied nothing: ${instruction.text}`);
  }

  #isInContext(path: string): boolean {
    return !isIgnored(this.#ignoreFile, relative(this.#contextFolder, path));
  }
}

/** How a build behind a mirror or a proxy reaches the registry; all else of this process stays out of it. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'npm_config_registry',
  'NPM_CONFIG_REGISTRY',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
];

function run(command: string, cwd: string, env: Record<string, string>): void {
  const kept = Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]]));
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd,
    env: { ...kept, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`RUN ${command} ended with ${status}:\n${stdout}${stderr}`);
}
