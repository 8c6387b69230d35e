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

export function requestFraming(message: Message): Framing {
  return declaredFraming(message) ?? 'none';
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
