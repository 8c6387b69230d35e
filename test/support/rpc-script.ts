import { type Answer, type Behaviour, responseBytes } from './behaviours.ts';
import { itemSources, memberSources } from './json-source.ts';

/** A call as it arrived: its id and all of it as they were written. */
export interface ScriptedCall {
  /** Empty for a notification. */
  readonly id: string;
  readonly method: string;
  readonly source: string;
}

/** The calls of a JSON-RPC request, or of a batch. */
export function callsIn(body: Buffer | string): ScriptedCall[] {
  const text = body.toString().trim();
  const sources = text.startsWith('[') ? itemSources(text) : [text];
  return sources.map((source) => {
    const members = memberSources(source);
    return { id: members.get('id') ?? '', method: `${JSON.parse(members.get('method') ?? '""')}`, source };
  });
}

/**
 * Answers each call that wants it with what `answerTo` gives for it: `"result":…` or `"error":…`. Those for
 * which it gives nothing are left out. `how`: status, header lines, and what becomes of the body.
 */
export function answerEach(
  answerTo: (call: ScriptedCall) => string | undefined,
  how: Answer & { readonly encode?: (body: Buffer) => Buffer } = {},
): Behaviour {
  return {
    at: 'body',
    run(socket, request) {
      const { encode = (body: Buffer) => body, headers = [], ...rest } = how;
      const answers = callsIn(request.body).flatMap((call) => {
        const members = call.id === '' ? undefined : answerTo(call);
        return members === undefined ? [] : [`{"jsonrpc":"2.0","id":${call.id},${members}}`];
      });
      const isBatch = request.body.toString().trimStart().startsWith('[');
      const body = encode(Buffer.from(isBatch ? `[${answers.join()}]` : answers.join('')));
      const lines = [['Content-Type', 'application/json'], ...headers] as const;
      socket.write(responseBytes({ ...rest, headers: lines, body }));
    },
  };
}

/** The member that makes an answer an error. */
export function errorMember(code: number, message: string, data?: unknown): string {
  return `"error":${JSON.stringify({ code, message, ...(data === undefined ? {} : { data }) })}`;
}
