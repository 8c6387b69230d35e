/** The server of the admin port, which operators connect to. */

import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import type { IncomingRequest, OutgoingResponse } from '../http/messages.ts';
import type { Logger } from '../log.ts';
import { Listener } from '../server/listener.ts';
import { type Answer, problem, send } from './answers.ts';
import type { Guard } from './auth.ts';
import { ClientLeft, NO_BODY, readJson } from './body.ts';
import { PROBLEMS, Refusal } from './problems.ts';
import { RefusalLog } from './refusal-log.ts';
import { type RequestHead, readRequestHead } from './request-head.ts';
import { type Match, matchRoutes, type Route } from './routes.ts';
import { UnreadAnswers } from './unread-answers.ts';

/** Operators are few and near: lower limits than those of the client port, and no settings. */
const LIMITS = {
  clientHeaderTimeoutMs: 10_000,
  clientBodyTimeoutMs: 10_000,
  clientKeepAliveMs: 30_000,
  maxHeaderSizeBytes: 16 * 1024,
  maxUrlBytes: 8 * 1024,
  maxConnections: 128,
  // An answer may have megabytes: the next one is not made before it is out.
  maxPipelined: 1,
};
/** How long answers in flight may take when the process ends. */
const DRAIN_MS = 1_000;
/** Longest part of a path in the log. */
const MAX_LOGGED_PATH = 200;

export interface AdminServerDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guard: Guard;
  readonly routes: readonly Route[];
}

interface Messages {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
}

/** Answers until the process has nothing left to do. */
export class AdminServer {
  readonly #dependencies: AdminServerDependencies;
  readonly #listener: Listener;
  readonly #refusals: RefusalLog;
  readonly #unread = new UnreadAnswers();

  constructor(dependencies: AdminServerDependencies) {
    this.#dependencies = dependencies;
    this.#refusals = new RefusalLog(dependencies.clock, dependencies.logger);
    this.#listener = new Listener(LIMITS, dependencies.clock, (request, response, upgrade) => {
      this.#serve({ request, response }, upgrade !== undefined).catch((error: unknown) => {
        dependencies.logger.error({ err: error }, 'A call to the admin port failed by a defect');
        send({ request, response }, problem(new Refusal('INTERNAL_ERROR')), dependencies.clock);
      });
    });
  }

  /** Resolves to the address once connections are accepted. Rejects with the system's error. */
  listen(port: number, host: string): Promise<AddressInfo> {
    return this.#listener.listen(port, host);
  }

  /** Accepts no more connections, and waits a moment for answers in flight. */
  async close(): Promise<void> {
    await this.#listener.drain(DRAIN_MS);
  }

  async #serve(messages: Messages, isUpgrade: boolean): Promise<void> {
    // A body that came in one piece with its head is available once the parser has finished that piece.
    await undefined;
    let head: RequestHead | undefined;
    try {
      // The parser has released the connection: what follows the head can't be read.
      if (isUpgrade) throw new Refusal('BAD_REQUEST', 'no other protocol is spoken here');
      head = readRequestHead(messages.request);
      const answer = await this.#answer(head, messages);
      if (!answer) return;
      send(messages, answer, this.#dependencies.clock, isSilent(messages, head));
      if (messages.request.method !== 'HEAD') this.#unread.add(messages.response, answer);
    } catch (error) {
      if (error instanceof ClientLeft) return;
      if (!(error instanceof Refusal)) throw error;
      this.#logRefusal(error, head);
      send(messages, problem(error), this.#dependencies.clock, isUpgrade || isSilent(messages, head));
    }
  }

  async #answer(head: RequestHead, { request, response }: Messages): Promise<Answer | undefined> {
    const { guard, routes, clock } = this.#dependencies;
    const refusal = guard(head);
    if (refusal) throw refusal;
    const [expected] = head.lines('expect');
    if (expected !== undefined && expected.toLowerCase() !== '100-continue')
      throw new Refusal('EXPECTATION_FAILED');
    const found = matchRoutes(routes, head.path);
    if (!found) throw new Refusal('INVALID_INPUT', 'the name in the path has a stray %');
    const route = routeFor(head.method, found);
    const { value: body, text } =
      route.method === 'GET' ? NO_BODY : await readJson({ request, response }, head, clock);
    return route.handle({ name: found.name, query: head.query, body, text, request, response });
  }

  /** Logs refusals that are due to missing permission or to a fault of ours. */
  #logRefusal({ code, detail }: Refusal, head: RequestHead | undefined): void {
    const { logger } = this.#dependencies;
    const { status } = PROBLEMS[code];
    const call = { code, method: head?.method, path: head && this.#shownPath(head.path, status) };
    if (status === 401 || status === 403) this.#refusals.write(call);
    else if (status >= 500) logger.error({ ...call, problem: detail }, 'Admin call failed');
  }

  /**
   * Of who lacks the permission only what the table of calls has: a token, or an upstream's URL, may stand where a name
   * belongs. A call that failed by our fault has found what it names.
   */
  #shownPath(path: string, status: number): string | undefined {
    if (status >= 500) return path.slice(0, MAX_LOGGED_PATH);
    return matchRoutes(this.#dependencies.routes, path)?.routes[0]?.path;
  }
}

/** Whether the client holds back its body until it is told to send it, and was not told, or only just. */
function isSilent({ request }: Messages, head: RequestHead | undefined): boolean {
  return head !== undefined && head.lines('expect').length > 0 && !request.readableDidRead;
}

/** Throws a Refusal when there is none. */
function routeFor(method: string, { routes }: Match): Route {
  if (routes.length === 0) throw new Refusal('NO_SUCH_PATH');
  const served = method === 'HEAD' ? 'GET' : method;
  const route = routes.find((each) => each.method === served);
  if (route) return route;
  const allowed = routes.flatMap((each) => (each.method === 'GET' ? ['GET', 'HEAD'] : [each.method]));
  throw new Refusal('METHOD_NOT_ALLOWED', undefined, { Allow: allowed.join(', ') });
}
