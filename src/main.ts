#!/usr/bin/env -S node --
import { readFileSync } from 'node:fs';
import { createApp } from './app.ts';
import { systemClock } from './clock.ts';
import { runCheck } from './commands/check.ts';
import { runHealthcheck } from './commands/healthcheck.ts';
import { helpText } from './commands/help.ts';
import type { Config } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import { createLog, type Log, secretsOf } from './log.ts';
import { systemRandom } from './random.ts';

const loaded = loadConfig({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY,
});
const version = readVersion();

if (loaded.command === 'version') print(version);
else if (loaded.command === 'help') print(helpText());
else if (!loaded.ok) {
  for (const problem of loaded.problems) console.error(problem);
  process.exitCode = 1;
} else if (loaded.command === 'check')
  process.exitCode = await runCheck(loaded.config, loaded.sources, print);
else if (loaded.command === 'healthcheck') process.exitCode = await runHealthcheck(loaded.config);
else await run(loaded.config);

async function run(config: Config): Promise<void> {
  const secrets = config.upstreams.flatMap(({ url }) => secretsOf(url));
  if (config.slackWebhookUrl !== undefined) secrets.push(...secretsOf(new URL(config.slackWebhookUrl)));
  const log = await createLog({ level: config.logLevel, format: config.logFormat, secrets });
  const { logger } = log;
  const end = (code: number): never => {
    log.flush();
    process.exit(code);
  };
  // Whoever caused it, the state is unknown: say so and let the supervisor start a new process.
  process.on('uncaughtException', (err) => {
    logger.fatal({ err }, 'Uncaught error');
    end(1);
  });
  process.on('unhandledRejection', (err) => {
    logger.fatal({ err }, 'Unhandled rejection');
    end(1);
  });

  const app = createApp(config, { clock: systemClock, random: systemRandom, logger });
  const address = await app.start().catch((error: NodeJS.ErrnoException & { port?: number }) => {
    logger.fatal(`Can't listen on ${config.host}:${error.port ?? config.port}: ${whyNot(error)}`);
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
    },
    'Listening',
  );
  stopOnSignal(app, log, end);
}

function stopOnSignal(
  app: ReturnType<typeof createApp>,
  { logger }: Log,
  end: (code: number) => never,
): void {
  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) {
      logger.warn({ signal }, 'Second signal: ending at once');
      end(1);
    }
    stopping = true;
    logger.info({ signal }, 'Draining');
    const cut = await app.stop();
    if (cut > 0) logger.warn({ connections: cut }, 'Stopped; some connections were cut');
    else logger.info('Stopped');
    end(cut > 0 ? 1 : 0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function whyNot(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the port is in use; choose another PORT or stop the other program';
    case 'EACCES':
      return 'not permitted; ports below 1024 need privileges';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'HOST is no address of this machine';
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
