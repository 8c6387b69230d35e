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

/** What a strict reader makes of a client's bytes; empty lines before a request it skips (RFC 9112, 2.2). */
export function readRequests(bytes: Buffer): readonly Message[] {
  const messages: Message[] = [];
  const reader = new MessageReader((message) => declaredFraming(message) ?? 'none', {
    head: (message) => void messages.push(message),
  });
  try {
    for (let at = 0; at < bytes.length; at++) {
      const isBetween = !reader.current && reader.unread.length === 0;
      if (isBetween && bytes.toString('latin1', at, at + 2) === '\r\n') at += 1;
      else reader.push(bytes.subarray(at, at + 1));
    }
  } catch {
    // What came before stands; nothing after it is a request.
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
