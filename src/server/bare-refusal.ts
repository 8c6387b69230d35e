/** Answers that the listener gives itself: to requests whose parser has given up, and about the server as a whole. */

import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { type AnswerCode, OWN_ANSWERS } from '../errors.ts';
import { addAnswerLines, formatLines } from '../http/answer-lines.ts';
import type { OutgoingResponse } from '../http/messages.ts';
import { PROBLEM_TYPE, problemDocument } from '../http/problem.ts';

/** The methods that are served, as the Allow header lists them. */
const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** How long a client may take to read the answer to a malformed request. */
export const READ_TIME_MS = 1_000;

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
};

/** The bytes of the answer, which is the last one on its connection. */
function bareRefusal(code: AnswerCode): string {
  const { status, sentence: title } = OWN_ANSWERS[code];
  const body = problemDocument({ status, title, code });
  const allow = code === 'METHOD_NOT_ALLOWED' ? ['Allow', ALLOWED_METHODS] : [];
  const lines = ['Content-Type', PROBLEM_TYPE, ...allow];
  addAnswerLines(lines);
  return (
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\n${formatLines(lines)}` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}

/** Sends the refusal and ends the connection, after `READ_TIME_MS` at the latest. */
export function sendBareRefusal(socket: Socket, code: AnswerCode, clock: Clock): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(bareRefusal(code));
  clock.after(READ_TIME_MS, () => socket.destroy());
}

/** Answers `OPTIONS *`: it asks about the server, not about a resource (RFC 9110, 9.3.7), so nothing is forwarded. */
export function answerAsterisk(response: Pick<OutgoingResponse, 'writeHead' | 'end'>): void {
  const lines = ['Allow', ALLOWED_METHODS];
  addAnswerLines(lines);
  response.writeHead(204, lines);
  response.end();
}
