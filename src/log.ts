/** The program's log: lines of JSON, or readable ones on a terminal, on standard output, with secrets masked. */

import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { systemClock } from './clock.ts';
import { LogOutput, standardOutput } from './log-output.ts';
import { maskUrl } from './masking.ts';
import { createTextMask, SecretTexts } from './secret-texts.ts';

export type { Logger };

export interface LogSettings {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** Texts that must never be written: they are replaced wherever an error, or a client's path or method, contains them. */
  readonly secrets: readonly string[];
  /** Which of several processes that write to the same place this is: a field of each line, if it is given. */
  readonly worker?: number;
  /** Whether there are others. */
  readonly isShared?: boolean;
  /** Where the lines go; by default to standard output. */
  readonly to?: DestinationStream;
}

export interface Log {
  readonly logger: Logger;
  /** Adds texts that must never be written from now on. */
  hide(secrets: readonly string[]): void;
  /** The lines of this level and those above it are written from now on. */
  setLevel(level: string): void;
  /** Lines lost since the start because they were not read. */
  readonly dropped: number;
  /** Writes the lines that are still buffered, before the process ends. */
  flush(): void;
}

/** Lines are buffered for at most this long, and up to this many characters. */
const FLUSH_EVERY_MS = 50;
const BUFFER_LENGTH = 128 * 1024;
/** Clients use few paths and methods, again and again: what became of the last ones is kept. */
const KEPT_TEXTS = 500;

/** Creates a function that masks the secrets in a text, and shortens every URL to scheme, host and port. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const mask = createTextMask(secrets);
  return (text) => mask(text.replace(/https?:\/\/[^\s"'<>)\]]+/g, (url) => maskUrl(url)));
}

/** Masks the texts of clients that request lines hold: an upstream's key may be among them by mistake. */
class ClientTextMask {
  readonly #secrets: SecretTexts;
  readonly #kept = new Map<string, string>();

  constructor(secrets: readonly string[]) {
    this.#secrets = new SecretTexts(secrets);
  }

  /** What is no text stays what it is. */
  shown(value: unknown): unknown {
    if (typeof value !== 'string') return value;
    const known = this.#kept.get(value);
    if (known !== undefined) return known;
    const masked = this.#secrets.mask(value);
    if (this.#kept.size >= KEPT_TEXTS) this.#kept.clear();
    this.#kept.set(value, masked);
    return masked;
  }
}

export async function createLog(settings: LogSettings): Promise<Log> {
  const { level, format, secrets, worker, isShared, to } = settings;
  let hidden: readonly string[] = [...new Set(secrets)];
  let mask = createMask(hidden);
  let clientTexts = new ClientTextMask(hidden);
  const shown = (text: unknown) => clientTexts.shown(text);
  const hide = (more: readonly string[]) => {
    const all = new Set([...hidden, ...more]);
    // To make a mask takes long, where there are many.
    if (all.size === hidden.length) return;
    hidden = [...all];
    mask = createMask(hidden);
    clientTexts = new ClientTextMask(hidden);
  };
  const options = {
    level,
    base: worker === undefined ? null : { worker },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: createTimestamp(),
    serializers: {
      // Errors, paths and methods are the only texts in a log line that are not our own.
      path: shown,
      rpcMethod: shown,
      err(error: unknown) {
        // Anything can be thrown, and the line that reports it must not fail itself.
        if (!(error instanceof Error)) return mask(String(error));
        const { type, message, stack } = stdSerializers.err(error);
        return { type, message: mask(message), stack: mask(stack) };
      },
    },
  };
  const output = to ?? new LogOutput(standardOutput(), (lost) => warnOfGap(lost), { isShared });
  const lines = new LineBuffer(output, await createFormat(format));
  const logger = pino(options, lines);
  const warnOfGap = (lost: number) => logger.warn({ lines: lost }, 'Log lines were lost: nobody read them');
  return {
    logger,
    hide,
    setLevel(newLevel) {
      logger.level = newLevel;
    },
    get dropped() {
      return output instanceof LogOutput ? output.dropped : 0;
    },
    flush() {
      lines.flush();
      if (output instanceof LogOutput) output.flush();
    },
  };
}

/** Returns the function that turns a line of JSON into the line to write. */
async function createFormat(format: LogSettings['format']): Promise<(line: string) => string> {
  if (format === 'json') return (line) => line;
  // Loaded only when it is used: a container never pays for it.
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({ singleLine: true });
}

/** Buffers lines, so that one write serves many requests. */
class LineBuffer implements DestinationStream {
  readonly #to: DestinationStream;
  readonly #format: (line: string) => string;
  #buffer = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(to: DestinationStream, format: (line: string) => string) {
    this.#to = to;
    this.#format = format;
  }

  write(line: string): void {
    this.#buffer += this.#format(line);
    if (this.#buffer.length >= BUFFER_LENGTH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_EVERY_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#buffer === '') return;
    const lines = this.#buffer;
    this.#buffer = '';
    this.#to.write(lines);
  }
}

/** The time as pino writes it; all lines of one millisecond share the same text. */
function createTimestamp(): () => string {
  let lastMs = Number.NaN;
  let text = '';
  return () => {
    const nowMs = systemClock.wallMs();
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      text = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return text;
  };
}
