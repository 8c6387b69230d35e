import { type DestinationStream, destination, type Logger, pino, stdSerializers } from 'pino';
import { systemClock } from './clock.ts';
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
  /** Writes what is still held back, before the process ends. */
  flush(): void;
}

/** Lines are held back for this long at most, and this many characters. */
const FLUSH_EVERY_MS = 50;
const BUFFER_LENGTH = 128 * 1024;
/** Lines are dropped beyond this when nobody reads them: a stuck reader must not fill the memory. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
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
  if (format === 'pretty') {
    // Loaded only where it is used: a container never pays for it.
    const { default: pretty } = await import('pino-pretty');
    return { logger: pino(options, pretty({ sync: true, singleLine: true })), hide, flush: () => {} };
  }
  const lines = new LineBuffer(to ?? standardOutput());
  return { logger: pino(options, lines), hide, flush: () => lines.flush() };
}

/** Where whole buffers of lines go. */
interface Destination extends DestinationStream {
  flushSync?(): void;
}

function standardOutput(): Destination {
  const stream = destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });
  // A reader that went away must not end the process.
  stream.on('error', () => {});
  return stream;
}

/**
 * Gathers lines, so that a write serves many requests. SonicBoom can do so too, but measures all that it
 * holds at every line, which costs several times what making the line does.
 */
class LineBuffer implements DestinationStream {
  readonly #to: Destination;
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Destination) {
    this.#to = to;
  }

  write(line: string): void {
    this.#waiting += line;
    if (this.#waiting.length >= BUFFER_LENGTH) this.#pass();
    else this.#timer ??= setTimeout(() => this.#pass(), FLUSH_EVERY_MS).unref();
  }

  flush(): void {
    this.#pass();
    try {
      this.#to.flushSync?.();
    } catch {
      // Not open yet, or its reader is gone: nothing can be written.
    }
  }

  #pass(): void {
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
