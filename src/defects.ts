/** What becomes of errors that nobody has caught, and of Node's own warnings: log lines. */

import type { Logger } from './log.ts';

/**
 * Whatever caused such an error, the state is unknown: it is logged, and `end` ends the process, so that a supervisor
 * starts a new one.
 */
export function logDefects(logger: Logger, end: (status: number) => void): void {
  process.on('uncaughtException', (err) => {
    logger.fatal({ err }, 'Uncaught error');
    end(1);
  });
  process.on('unhandledRejection', (err) => {
    logger.fatal({ err }, 'Unhandled rejection');
    end(1);
  });
  // Else Node writes them to standard error as they are, whatever they quote.
  process.removeAllListeners('warning');
  process.on('warning', (err) => logger.warn({ err }, `Node.js: ${err.name}`));
}
