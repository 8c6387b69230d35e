/** The program: does what the command line asks for. */

import { readFileSync } from 'node:fs';
import { persistedLine } from './app/reload.ts';
import { ALONE, type RoleKind } from './app/role.ts';
import { createApp, type ListenError } from './app.ts';
import { systemClock } from './clock.ts';
import { runHealthcheck } from './commands/healthcheck.ts';
import { helpText } from './commands/help.ts';
import type { Config } from './config/config.ts';
import { type LoadResult, loadConfig } from './config/load.ts';
import { secretsOfConfig } from './config/masked-settings.ts';
import type { Command } from './config/sources/flags.ts';
import { nearMissText } from './config/sources/near-misses.ts';
import { logDefects } from './defects.ts';
import { createLog, type Log } from './log.ts';
import { descriptorWarning } from './network/shortage.ts';
import { systemRandom } from './random.ts';
import type { Signals } from './signals.ts';

type Loaded = Extract<LoadResult, { readonly ok: true }>;

interface Surroundings {
  /** Reads all settings anew. */
  readonly load: (persistServers: string | undefined) => LoadResult;
  readonly signals: Signals;
}

/** Resolves when the command is done; for the daemon when it listens. */
export async function main(signals: Signals): Promise<void> {
  const input = {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    isTerminal: process.stdout.isTTY,
  };
  const loaded = loadConfig(input);
  const load = (persistServers: string | undefined) =>
    loadConfig({ ...input, kept: { file: persistServers } });
  const { command } = loaded;
  if (command !== 'run') endWithReader();
  if (command === 'version') print(readVersion());
  else if (command === 'help') print(helpText());
  else if (loaded.ok) await runCommand(command, loaded, { load, signals });
  else await printProblems(loaded);
}

/**
 * Who reads what a command prints may have had enough (`--check | head -1`): then it ends at once, without a word, with
 * the status so far.
 */
function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      // A full disk, mostly. What can't be written can't be told, but by the status.
      if (stream === process.stdout) console.error(`Can't write to standard output: ${error.code}`);
      process.exit(1);
    });
}

/** Where a setting is wrong, nothing is run. */
async function printProblems({
  format,
  problems,
  nearMisses,
}: Extract<LoadResult, { readonly ok: false }>): Promise<void> {
  process.exitCode = 1;
  // One of them may be why.
  if (format !== 'json') {
    for (const line of [...problems, ...nearMisses.map(nearMissText)]) console.error(line);
    return;
  }
  const { jsonProblems } = await import('./commands/check.ts');
  print(jsonProblems(readVersion(), problems, nearMisses));
}

/** Runs a command that needs valid settings. */
async function runCommand(
  command: Exclude<Command, 'version' | 'help'>,
  loaded: Loaded,
  surroundings: Surroundings,
): Promise<void> {
  switch (command) {
    case 'run':
      return run(loaded, surroundings);
    case 'check':
      await check(loaded);
      return;
    case 'healthcheck':
      process.exitCode = await runHealthcheck(loaded.config);
      return;
    default:
      command satisfies never;
  }
}

async function check(loaded: Loaded): Promise<void> {
  // Only now: the daemon starts sooner without it.
  const { runCheck } = await import('./commands/check.ts');
  const warnings = warningsOf(loaded);
  for (const warning of warnings) console.error(warning);
  const { format, nearMisses } = loaded;
  const version = readVersion();
  const { columns: width } = process.stdout;
  const input = { settings: loaded, format, version, warnings, nearMisses, ...(width && { width }) };
  // Until it is over, nothing shows that all is well.
  process.exitCode = 1;
  process.exitCode = await runCheck(input, print);
}

/** What is strange about the settings, or does not fit this machine, but does not prevent a start. */
function warningsOf({ config, warnings }: Loaded): readonly string[] {
  const shortage = descriptorWarning(config.maxConnections, config.workers);
  return shortage === undefined ? warnings : [...warnings, shortage];
}

async function run(loaded: Loaded, { load, signals }: Surroundings): Promise<void> {
  const { config, sources } = loaded;
  const secrets = secretsOfConfig(config);
  const isShared = config.workers > 1;
  const log = await createLog({ level: config.logLevel, format: config.logFormat, secrets, isShared });
  const { logger } = log;
  const version = readVersion();
  const end = (code: number): never => {
    log.flush();
    process.exit(code);
  };
  signals.onStop((signal) => {
    logger.info({ signal }, 'Stopped before it listened');
    end(0);
  });
  let hungUp = false;
  signals.onHangUp(() => {
    hungUp = true;
  });
  logDefects(logger, end);

  for (const warning of warningsOf(loaded)) logger.warn(warning);
  if (config.areListsPersisted) logger.info(...persistedLine(config));
  const runtime = { clock: systemClock, random: systemRandom, logger };
  const options = {
    ...{ sources, load, version },
    hide: (texts: readonly string[]) => log.hide(texts),
    setLogLevel: (level: string) => log.setLevel(level),
    logLinesDropped: () => log.dropped,
  };
  const app = createApp(config, runtime, options, await roleOf(config));
  const address = await app.start().catch((error: ListenError) => {
    logger.fatal(whyNotListening(error, config));
    return end(1);
  });
  logger.info(
    {
      host: address.address,
      port: address.port,
      protocol: config.tlsCertFile === undefined ? 'http' : 'https',
      version,
      upstreams: config.upstreams.length,
      env: config.env,
      ...(config.workers > 1 && { workers: config.workers }),
    },
    'Listening',
  );
  stopOnSignal(app, signals, log, end);
  const reload = () =>
    app.reload().catch((err: unknown) => logger.error({ err }, 'Not reloaded, because of a defect'));
  signals.onHangUp(() => void reload());
  // One that came while the program started: the files may have been read before they changed.
  if (hungUp) await reload();
}

/** One process knows nothing of others, and loads nothing for them. */
async function roleOf({ workers }: Config): Promise<RoleKind> {
  if (workers === 1) return ALONE;
  const { firstOfSeveral } = await import('./app/first.ts');
  return firstOfSeveral(systemClock, workers);
}

function stopOnSignal(
  app: ReturnType<typeof createApp>,
  signals: Signals,
  { logger }: Log,
  end: (code: number) => never,
): void {
  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) {
      logger.warn({ signal }, 'Second signal: ending at once');
      app.abort();
      end(1);
    }
    stopping = true;
    logger.info({ signal }, 'Draining');
    const cut = await app.stop();
    if (cut > 0) logger.warn({ connections: cut }, 'Stopped; some connections were cut');
    else logger.info('Stopped');
    end(cut > 0 ? 1 : 0);
  };
  signals.onStop((signal) => void stop(signal));
}

function whyNotListening(error: ListenError, config: Config): string {
  const isAdmin = error.listener === 'admin';
  const host = isAdmin ? config.adminHost : config.host;
  const port = error.port ?? (isAdmin ? config.adminPort : config.port);
  return `Can't listen on ${host}:${port}: ${listenProblem(error, isAdmin ? 'ADMIN_' : '')}`;
}

function listenProblem(error: ListenError, prefix: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `the port is in use; choose another ${prefix}PORT${prefix && ' (or off)'} or stop the other program`;
    case 'EACCES':
      return 'not permitted; ports below 1024 need privileges';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${prefix}HOST is no address of this machine`;
    default:
      return error.code ?? error.message;
  }
}

function print(line: string): void {
  console.log(line);
}

function readVersion(): string {
  const { version: text }: { version: string } = JSON.parse(
    readFileSync(new URL('version.json', import.meta.url), 'utf8'),
  );
  return text;
}
