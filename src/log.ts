import { type DestinationStream, destination, type Logger, pino, stdSerializers } from 'pino';
import { maskUrl } from './masking.ts';

export type { Logger };

export interface LogSettings {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** Texts that may never be written: they are replaced wherever an error holds them. */
  readonly secrets: readonly string[];
  /** Where lines of JSON go; standard output when it is not given. */
  readonly to?: DestinationStream;
}

export interface Log {
  readonly logger: Logger;
  /** Writes what is still held back, before the process ends. */
  flush(): void;
}

/** Lines are held back for this long at most: a write serves many requests, and each costs as much as a few. */
const FLUSH_EVERY_MS = 50;
const BUFFER_BYTES = 64 * 1024;
/** In one write at most; SonicBoom insists that it is more than what it waits for. */
const WRITE_BYTES = 2 * BUFFER_BYTES;
/** Lines are dropped beyond this when nobody reads them: a stuck reader must not fill the memory. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Shorter parts of a secret URL, such as `/` or `v2`, stand in innocent texts too. */
const SHORTEST_SECRET = 6;

/** The parts of a URL that may not be shown. */
export function secretsOf(url: URL): string[] {
  const { pathname, search, username, password } = url;
  const parts = [pathname + search, pathname, ...pathname.split('/'), search.slice(1), username, password];
  for (const pair of search.slice(1).split('&')) parts.push(pair.slice(pair.indexOf('=') + 1));
  for (const [, value] of url.searchParams) parts.push(value);
  const decoded = parts.map((part) => (URL.canParse(`http://h/${part}`) ? safeDecode(part) : part));
  return [...new Set([...parts, ...decoded])].filter((part) => part.length >= SHORTEST_SECRET);
}

/** A function that replaces each of the secrets in a text, and cuts every URL to scheme, host and port. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const longestFirst = [...new Set(secrets)].sort((a, b) => b.length - a.length);
  return (text) => {
    let masked = text.replace(/https?:\/\/[^\s"'<>)\]]+/g, (url) => maskUrl(url));
    for (const secret of longestFirst) masked = masked.replaceAll(secret, '***');
    return masked;
  };
}

/** The program's log: a line of JSON each, or a readable one on a terminal, on standard output. */
export async function createLog({ level, format, secrets, to }: LogSettings): Promise<Log> {
  const mask = createMask(secrets);
  const options = {
    level,
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: {
      // Errors are the only texts in a log line that others have written.
      err(error: Error) {
        const { type, message, stack } = stdSerializers.err(error);
        return { type, message: mask(message), stack: mask(stack) };
      },
    },
  };
  if (format === 'pretty') {
    // Loaded only where it is used: a container never pays for it.
    const { default: pretty } = await import('pino-pretty');
    return { logger: pino(options, pretty({ sync: true, ignore: 'pid,hostname' })), flush: () => {} };
  }
  if (to) return { logger: pino(options, to), flush: () => {} };
  const stream = destination({
    dest: 1,
    sync: false,
    minLength: BUFFER_BYTES,
    maxWrite: WRITE_BYTES,
    maxLength: MAX_WAITING_BYTES,
    periodicFlush: FLUSH_EVERY_MS,
  });
  // A reader that went away must not end the process.
  stream.on('error', () => {});
  return { logger: pino(options, stream), flush: () => flushQuietly(stream) };
}

function flushQuietly(stream: ReturnType<typeof destination>): void {
  try {
    stream.flushSync();
  } catch {
    // Not open yet, or its reader is gone: nothing can be written.
  }
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
