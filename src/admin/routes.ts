/** The table of all calls of the admin port. */

import type { IncomingRequest, OutgoingResponse } from '../http/messages.ts';
import type { Metrics } from '../metrics/prometheus.ts';
import { type StatusSource, statusAnswer } from '../server/status-paths.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { type Answer, JSON_TYPE, json, NO_CONTENT } from './answers.ts';
import type { Console } from './console/console.ts';
import type { EventStreams } from './events.ts';
import { requireEmptyBody } from './input.ts';
import type { LiveStreams } from './live/live-streams.ts';
import type { Overview } from './live/overview.ts';
import { readPage } from './page.ts';
import { Refusal } from './problems.ts';
import type { Servers } from './servers.ts';
import { shareUnderWay } from './sharing.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a handler gets from a request. */
export interface Call {
  /** The segment that stands for NAME in the path, decoded; empty where the path has none. */
  readonly name: string;
  /** Without the question mark. */
  readonly query: string | undefined;
  /** The JSON value of the body; undefined without one, and for GET. */
  readonly body: unknown;
  /** The body as it was sent. */
  readonly text: string;
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
}

/** Returns undefined when it has answered itself. May throw, or reject with, a Refusal. */
type Handle = (call: Call) => Answer | undefined | Promise<Answer | undefined>;

export interface Route {
  /** GET also serves HEAD. */
  readonly method: Method;
  /** Literal segments, and NAME for an upstream's name. */
  readonly path: string;
  readonly handle: Handle;
}

export interface RouteDependencies {
  readonly status: StatusSource;
  readonly servers: Servers;
  readonly events: EventStreams;
  readonly live: LiveStreams;
  readonly overview: Overview;
  readonly console: Console;
  /** An upstream as a row of `/stats`. */
  readonly row: (upstream: Upstream) => unknown;
  readonly metrics: Metrics;
  /** The settings in force, masked. */
  readonly config: () => unknown;
  /** See `createStrategyChange`. */
  readonly changeStrategy: (body: unknown) => unknown;
  /** Reads the settings anew. Rejects with a Refusal when something is wrong in them. */
  readonly reload: () => Promise<unknown>;
  /** See `createAlertTest`. */
  readonly testAlerts: () => Promise<unknown>;
}

export function createRoutes(dependencies: RouteDependencies): readonly Route[] {
  const { servers, events, live, overview, console, row, metrics } = dependencies;
  const { config, changeStrategy, reload, testAlerts } = dependencies;
  const page = readPage();
  const metricsText = shareUnderWay(async () => Buffer.from(await metrics.text()));
  const answerTo = async (path: string) => {
    const answer = statusAnswer(path, dependencies.status);
    if (!answer) throw new Refusal('NO_SUCH_PATH');
    return json(answer.status, await answer.body);
  };
  return [
    { method: 'GET', path: '/', handle: async () => page.document(await overview.initial()) },
    { method: 'GET', path: '/page/NAME', handle: ({ name }) => page.file(name) },
    {
      method: 'GET',
      path: '/history',
      handle: async () => ({ status: 200, type: JSON_TYPE, body: await overview.history() }),
    },
    { method: 'GET', path: '/stats', handle: () => answerTo('/stats') },
    { method: 'GET', path: '/healthz', handle: () => answerTo('/healthz') },
    { method: 'GET', path: '/readyz', handle: () => answerTo('/readyz') },
    { method: 'GET', path: '/stats/NAME', handle: ({ name }) => answerTo(`/stats/${name}`) },
    { method: 'GET', path: '/readyz/NAME', handle: ({ name }) => answerTo(`/readyz/${name}`) },
    {
      method: 'GET',
      path: '/metrics',
      handle: async () => ({ status: 200, type: metrics.contentType, body: [await metricsText()] }),
    },
    { method: 'GET', path: '/config', handle: () => json(200, config()) },
    { method: 'GET', path: '/servers', handle: () => answerTo('/stats') },
    { method: 'POST', path: '/servers', handle: async ({ body }) => json(201, row(await servers.add(body))) },
    {
      method: 'PATCH',
      path: '/servers/NAME',
      handle: async ({ name, body }) => json(200, row(await servers.change(name, body))),
    },
    {
      method: 'DELETE',
      path: '/servers/NAME',
      async handle({ name, body }) {
        requireEmptyBody(body);
        await servers.remove(name);
        return NO_CONTENT;
      },
    },
    {
      method: 'POST',
      path: '/servers/NAME/release',
      handle({ name, body }) {
        requireEmptyBody(body);
        return json(200, row(servers.release(name)));
      },
    },
    {
      method: 'POST',
      path: '/reload',
      async handle({ body }) {
        requireEmptyBody(body);
        return json(200, await reload());
      },
    },
    {
      method: 'POST',
      path: '/alerts/test',
      async handle({ body }) {
        requireEmptyBody(body);
        return json(200, await testAlerts());
      },
    },
    {
      method: 'POST',
      path: '/call',
      handle: (call) => console.call(call),
    },
    { method: 'PUT', path: '/strategy', handle: ({ body }) => json(200, changeStrategy(body)) },
    {
      method: 'GET',
      path: '/events',
      handle({ query, request, response }) {
        const isLive = new URLSearchParams(query).has('live');
        (isLive ? live : events).open(request, response);
        return undefined;
      },
    },
  ];
}

/** The routes of a path, one for each method, and the NAME in it. */
export interface Match {
  readonly routes: readonly Route[];
  readonly name: string;
}

/** Compares segment by segment, byte for byte: nothing is resolved or joined. Undefined when NAME is not UTF-8. */
export function matchRoutes(routes: readonly Route[], path: string): Match | undefined {
  const segments = path.split('/');
  const matching = routes.filter((route) => {
    const pattern = route.path.split('/');
    return (
      pattern.length === segments.length &&
      pattern.every((part, i) => (part === 'NAME' ? segments[i] !== '' : part === segments[i]))
    );
  });
  const at = matching[0]?.path.split('/').indexOf('NAME') ?? -1;
  try {
    return { routes: matching, name: at < 0 ? '' : decodeURIComponent(segments[at] ?? '') };
  } catch {
    return undefined;
  }
}
