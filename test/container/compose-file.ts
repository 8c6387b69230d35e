import { spawnSync } from 'node:child_process';

/** The lines of a YAML file without comments, blank lines and quotes. */
export function plainLines(yaml: string): string[] {
  return yaml
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => line.replaceAll(/['"]/g, ''));
}

/** The file with these lines, by how they begin after their `# `, taken in as its comments ask for. */
export function uncommented(yaml: string, beginnings: readonly string[]): string {
  return beginnings.reduce((text, beginning) => {
    const line = text.split('\n').find((each) => each.trim().startsWith(`# ${beginning}`));
    if (line === undefined) throw new Error(`no comment begins with ${beginning}`);
    return text.replace(line, line.replace('# ', ''));
  }, yaml);
}

/** The keys and items directly below a key: enough of YAML for a file of nested blocks. */
export function below(lines: readonly string[], key: string): string[] {
  const start = lines.findIndex((line) => line.trim() === `${key}:`);
  const depth = (line: string): number => line.search(/[^ -]/);
  const from = lines.slice(start + 1);
  const end = from.findIndex((line) => depth(line) <= (lines[start] ?? '').search(/\S/));
  return (start < 0 ? [] : from.slice(0, end < 0 ? undefined : end)).map((line) =>
    line.trim().replace(/^- /, ''),
  );
}

/** The lines of one service, indented as they are. */
export function serviceLines(lines: readonly string[], name: string): string[] {
  const start = lines.findIndex((line) => line.startsWith(`  ${name}:`));
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^ {0,2}\S/.test(line));
  return start < 0 ? [] : rest.slice(0, end < 0 ? undefined : end);
}

/** The words that start Compose on this machine, if it has one. */
export function composeProgram(): string[] | undefined {
  return [['docker-compose'], ['docker', 'compose']].find(
    ([program = '', ...words]) => spawnSync(program, [...words, 'version'], { stdio: 'ignore' }).status === 0,
  );
}

/**
 * What Compose makes of the file or files: its own `config`, as YAML.
 * @param flags before `config`, such as `-f FILE`
 * @param where the working directory, and what the shell's environment holds
 * @throws Error with Compose's words when it refuses the file.
 */
export function resolveCompose(
  compose: readonly string[],
  flags: readonly string[],
  where: { readonly cwd: string; readonly shell?: Readonly<Record<string, string>> },
): string {
  const [program = '', ...words] = compose;
  const { PATH, HOME } = process.env;
  const { status, stdout, stderr } = spawnSync(program, [...words, ...flags, 'config'], {
    cwd: where.cwd,
    env: { PATH, HOME, ...where.shell },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${compose.join(' ')} config ended with ${status}: ${stderr}`);
  return stdout;
}
