import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { systemClock } from './clock.ts';
import { LogOutput, standardOutput } from './log-output.ts';
import { maskUrl } from './masking.ts';
import { createTextMask } from './secret-texts.ts';

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
  /** From now on these texts are never written either. */
  hide(secrets: readonly string[]): void;
  /** Lines that were lost since the start, because nobody read them. */
  readonly dropped: number;
  /** Writes what is still held back, before the process ends. */
  flush(): void;
}

/** Lines are held back for this long at most, and this many characters. */
const FLUSH_EVERY_MS = 50;
const BUFFER_LENGTH = 128 * 1024;
/** A function that replaces each of the secrets in a text, and cuts every URL to scheme, host and port. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const mask = createTextMask(secrets);
  return (text) => mask(text.replace(/https?:\/\/[^\s"'<>)\]]+/g, (url) => maskUrl(url)));
}

/** The program's log: a line of JSON each, or a readable one on a terminal, on standard output. */
export async function createLog({ level, format, secrets, to }: LogSettings): Promise<Log> {
  let hidden = secrets;
  let mask = createMask(hidden);
  const hide = (more: readonly string[]) => {
    hidden = [...new Set([...hidden, ...more])];
    mask = createMask(hidden);
  };
  const options = {
    level,
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: createTimestamp(),
    serializers: {
      // Errors are the only texts in a log line that others have written.
      err(error: unknown) {
        // Anything can be thrown, and the line that tells of it must not be what fails.
        if (!(error instanceof Error)) return mask(String(error));
        const { type, message, stack } = stdSerializers.err(error);
        return { type, message: mask(message), stack: mask(stack) };
      },
    },
  };
  const output = to ?? new LogOutput(standardOutput(), (lost) => tellOfGap(lost));
  const lines = new LineBuffer(output, await formatOf(format));
  const logger = pino(options, lines);
  const tellOfGap = (lost: number) => logger.warn({ lines: lost }, 'Log lines were lost: nobody read them');
  return {
    logger,
    hide,
    get dropped() {
      return output instanceof LogOutput ? output.dropped : 0;
    },
    flush() {
      lines.flush();
      if (output instanceof LogOutput) output.flush();
    },
  };
}

/** What becomes of a line of JSON before it is written. */
async function formatOf(format: LogSettings['format']): Promise<(line: string) => string> {
  if (format === 'json') return (line) => line;
  // Loaded only where it is used: a container never pays for it.
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({ singleLine: true });
}

/** Gathers lines, so that a write serves many requests. */
class LineBuffer implements DestinationStream {
  readonly #to: DestinationStream;
  readonly #format: (line: string) => string;
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(to: DestinationStream, format: (line: string) => string) {
    this.#to = to;
    this.#format = format;
  }

  write(line: string): void {
    this.#waiting += this.#format(line);
    if (this.#waiting.length >= BUFFER_LENGTH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_EVERY_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting === '') return;
    const lines = this.#waiting;
    this.#waiting = '';
    this.#to.write(lines);
  }
}

/** The time as pino writes it; the same text serves all lines of a millisecond. */
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
