/** Reads the part of the Dockerfile language that this project's Dockerfile uses, and refuses the rest. */

export interface Instruction {
  readonly name: string;
  readonly flags: ReadonlyMap<string, string>;
  /** Everything after the flags. */
  readonly text: string;
}

export interface Stage {
  /** The image, or the name of an earlier stage. */
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

const KNOWN = new Set([
  'RUN',
  'COPY',
  'WORKDIR',
  'ENV',
  'USER',
  'EXPOSE',
  'HEALTHCHECK',
  'ENTRYPOINT',
  'CMD',
]);

/** @throws Error for an instruction or a form that this reader does not know. */
export function parseDockerfile(text: string): Stage[] {
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  const logicalLines = lines.join('\n').replaceAll(/\\\n/g, ' ').split('\n');
  for (const line of logicalLines.map((candidate) => candidate.trim()).filter(Boolean)) {
    const instruction = parseInstruction(line);
    if (instruction.name === 'FROM') {
      const [base = '', as, name] = instruction.text.split(/\s+/);
      stages.push({ base, name: as?.toUpperCase() === 'AS' ? name : undefined, instructions: [] });
      continue;
    }
    if (!KNOWN.has(instruction.name)) throw new Error(`unknown instruction: ${line}`);
    const stage = stages.at(-1);
    if (!stage) throw new Error(`before the first FROM: ${line}`);
    stage.instructions.push(instruction);
  }
  return stages;
}

function parseInstruction(line: string): Instruction {
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  const flags = new Map<string, string>();
  let text = rest;
  for (;;) {
    const flag = /^--([a-z-]+)=(\S+)\s+/.exec(text);
    if (!flag) break;
    flags.set(flag[1] ?? '', flag[2] ?? '');
    text = text.slice(flag[0].length);
  }
  return { name: word.toUpperCase(), flags, text };
}

/** The last instruction of this name, the one that counts. */
export function last(stage: Stage, name: string): Instruction | undefined {
  return stage.instructions.findLast((instruction) => instruction.name === name);
}

/**
 * The words of an exec-form command.
 * @throws Error for the shell form, which needs a shell that the final image lacks.
 */
export function execForm(text: string): string[] {
  const words: unknown = text.startsWith('[') ? JSON.parse(text) : undefined;
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) {
    throw new Error(`not in exec form: ${text}`);
  }
  return words;
}

/** What ENV sets in a stage. */
export function environment(stage: Stage): Record<string, string> {
  const pairs = stage.instructions
    .filter((instruction) => instruction.name === 'ENV')
    .flatMap((instruction) => instruction.text.split(/\s+/))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  return Object.fromEntries(pairs);
}

/** Whether .dockerignore keeps a path (relative, with `/`) out of the build: the last line that fits decides. */
export function isIgnored(ignoreFile: string, path: string): boolean {
  const lines = ignoreFile.split('\n').map((line) => line.trim());
  let ignored = false;
  for (const line of lines.filter((candidate) => candidate && !candidate.startsWith('#'))) {
    const pattern = line.replace(/^!/, '').replace(/^\/|\/$/g, '');
    const source = pattern
      .split('/')
      .map((part) =>
        part
          .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
          .replaceAll('*', '[^/]*')
          .replaceAll('?', '[^/]'),
      )
      .join('/');
    // A line that fits a folder fits all that is in it.
    if (new RegExp(`^${source}(/|$)`).test(path)) ignored = !line.startsWith('!');
  }
  return ignored;
}
