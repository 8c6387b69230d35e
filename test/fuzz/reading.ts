import { declaredFraming, type Framing, type Message, MessageReader } from '../support/http-message.ts';

/** What a strict reader makes of bytes: the messages, and whether it gave up. */
export interface Reading {
  readonly messages: readonly Message[];
  readonly error: unknown;
}

/** `end`: the connection was ended in good order behind them. */
export function readMessages(bytes: Buffer, framingOf: (message: Message) => Framing, end: boolean): Reading {
  const messages: Message[] = [];
  const reader = new MessageReader(framingOf, { head: (message) => void messages.push(message) });
  try {
    reader.push(bytes);
    if (end) reader.finish();
    return { messages, error: undefined };
  } catch (error) {
    return { messages, error };
  }
}

/**
 * What a strict reader makes of a client's bytes. Line ends before a request it skips, as Node's parser does:
 * empty lines it has to (RFC 9112, 2.2), a lone CR or LF frames nothing either.
 */
export function readRequests(bytes: Buffer): readonly Message[] {
  return readAfterEmptyLines(bytes, (message) => declaredFraming(message) ?? 'none', false);
}

/** As `readMessages`, but line ends before a message are skipped, as Node's parser does with answers, too. */
export function readAfterEmptyLines(
  bytes: Buffer,
  framingOf: (message: Message) => Framing,
  end: boolean,
): readonly Message[] {
  const messages: Message[] = [];
  const reader = new MessageReader(framingOf, { head: (message) => void messages.push(message) });
  try {
    for (let at = 0; at < bytes.length; at++) {
      const isBetween = !reader.current && reader.unread.length === 0;
      const isLineEnd = bytes[at] === 0x0d || bytes[at] === 0x0a;
      if (!isBetween || !isLineEnd) reader.push(bytes.subarray(at, at + 1));
    }
    if (end) reader.finish();
  } catch {
    // What came before stands; nothing after it is a message.
  }
  return messages;
}

export function statusOf({ startLine }: Message): number {
  return Number(startLine.split(' ')[1]);
}

/** The framing of answers to one kind of request. */
export function answerFraming(method: string): (message: Message) => Framing {
  return (message) => {
    const status = statusOf(message);
    if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return 'none';
    return declaredFraming(message) ?? 'until-close';
  };
}
