/** What the admin port refuses, by the `code` of the problem document. The client port has codes of its own. */

import { OWN_ANSWERS } from '../errors.ts';

interface Problem {
  readonly status: number;
  readonly sentence: string;
}

const { BAD_REQUEST, HEADERS_TOO_LARGE, BODY_TOO_LARGE, CLIENT_TOO_SLOW } = OWN_ANSWERS;
const { METHOD_NOT_ALLOWED, EXPECTATION_FAILED, INTERNAL_ERROR, SHUTTING_DOWN } = OWN_ANSWERS;

export const PROBLEMS = {
  UNAUTHORIZED: {
    status: 401,
    sentence:
      'This call needs ADMIN_TOKEN: as "Authorization: Bearer", or as the password of a login with any name.',
  },
  HOST_NOT_ALLOWED: {
    status: 403,
    sentence: 'Without ADMIN_TOKEN only requests for a loopback name or address are answered.',
  },
  ORIGIN_NOT_ALLOWED: { status: 403, sentence: 'Pages of another origin may ask for nothing here.' },
  NOT_JSON: { status: 415, sentence: 'A change needs "Content-Type: application/json".' },
  INVALID_INPUT: { status: 400, sentence: 'The request asks for something that is not allowed.' },
  NO_SUCH_PATH: { status: 404, sentence: 'There is nothing at this path.' },
  UNKNOWN_UPSTREAM: { status: 404, sentence: 'No upstream has this name.' },
  UNKNOWN_POOL: { status: 404, sentence: 'No pool has this name.' },
  NAME_TAKEN: { status: 409, sentence: 'Another upstream has this name.' },
  URL_TAKEN: { status: 409, sentence: 'Another upstream has this URL.' },
  LAST_UPSTREAM: { status: 409, sentence: 'The last upstream of both lists stays.' },
  NOT_SAVED: {
    status: 500,
    sentence: 'The file of PERSIST_SERVERS could not be written; nothing has changed.',
  },
  NO_NOTIFIER: { status: 409, sentence: 'No way to send alerts is set up.' },
  ALERTS_NOT_SENT: { status: 502, sentence: 'Not every test message was taken.' },
  INVALID_SETTINGS: { status: 400, sentence: 'Something is wrong in the settings; nothing has changed.' },
  TOO_MANY_READERS: { status: 503, sentence: 'Too many clients read the events already.' },
  TOO_MANY_CALLS: { status: 429, sentence: 'Too many calls of operators are under way already.' },
  BAD_REQUEST,
  HEADERS_TOO_LARGE,
  BODY_TOO_LARGE,
  CLIENT_TOO_SLOW,
  METHOD_NOT_ALLOWED,
  EXPECTATION_FAILED,
  INTERNAL_ERROR,
  SHUTTING_DOWN,
} as const satisfies Record<string, Problem>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A request is refused, and nothing has changed. */
export class Refusal extends Error {
  readonly code: ProblemCode;
  /** What exactly is wrong, without secrets. */
  readonly detail: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail?: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail ?? PROBLEMS[code].sentence);
    this.code = code;
    this.detail = detail;
    this.headers = headers;
  }
}
