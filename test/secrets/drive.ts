/** Drives all that the daemon does, with a secret wherever one can be, and gathers all that comes out of it. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { AdminClient } from '../support/admin-client.ts';
import {
  type Answer,
  answer,
  answerByLabel,
  type Behaviour,
  cutBody,
  garbage,
  interim,
  refuseRate,
  resetAfterRequest,
  responseBytes,
  silence,
} from '../support/behaviours.ts';
import { type Daemon, runDaemon, startDaemon } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { type HttpRequest, http } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import type { RecordedRequest } from '../support/recorded-request.ts';
import { startRedisPort } from '../support/redis-port.ts';
import { askForWebSocket, switchProtocol, TunnelClient } from '../support/tunnel-client.ts';
import { until } from '../support/waiting.ts';
import {
  addedUpstream,
  basic,
  CLIENT,
  KEYS,
  listsFor,
  MISPLACED,
  providerPaths,
  quotation,
  REFUSED_SETTINGS,
  refusedUpstreams,
  reloadedUpstream,
  type Seen,
  settingsWith,
  TOKEN,
  WRONG_TOKEN,
} from './marked.ts';

export interface Driven {
  readonly seen: readonly Seen[];
  readonly log: string;
  /** Statuses that clients got. */
  readonly statuses: ReadonlySet<number>;
  readonly exitCode: number | null;
}

/** How the daemon ends: by a signal, or by an error that quotes all secrets. */
export type End = 'SIGTERM' | 'error' | 'rejection' | 'text';

const CALL = (method: string) =>
  JSON.stringify({ jsonrpc: '2.0', id: 7, method, params: [{ data: CLIENT.body }] });

/** Warns at the first SIGUSR2, ends the process at the second: as a defect of the program or of Node might. */
const PRELOADED = `
  const quotation = process.env.QUOTATION;
  const failing = () => Object.assign(
    new AggregateError([new Error(quotation)], quotation, { cause: new TypeError(quotation) }),
    { input: quotation, url: quotation, headers: { authorization: quotation } },
  );
  const ends = {
    error() { throw failing(); },
    rejection() { Promise.reject(failing()); },
    text() { throw quotation; },
  };
  const turns = [
    () => {
      process.emitWarning(quotation, { code: 'QUOTED', detail: quotation });
      setImmediate(() => process.stderr.write('[warned]'));
    },
    () => setImmediate(ends[process.env.QUOTE_AT]),
  ];
  process.on('SIGUSR2', () => turns.shift()?.());
`;

/** Tells all that it was sent, its own URL included. */
function quoted({ message, method, target }: RecordedRequest): string {
  const lines = message.headerLines.join('\n');
  const logins = message
    .headers('authorization')
    .map((line) => Buffer.from(line.slice(6), 'base64').toString());
  const host = message.header('host');
  const url = `http://${logins[0]?.replace(':', '@') ?? ''}${host}${target}`;
  return `Cannot ${method} ${target}\n${url}\n${encodeURIComponent(url)}\n${decodeURIComponent(target.replace(/%$/, ''))}\n${lines}\n${logins.join('\n')}`;
}

type Quoting = (quotation: string, request: RecordedRequest) => Answer;

function quoting(make: Quoting): Behaviour {
  return {
    at: 'body',
    run: (socket, request) => socket.write(responseBytes(make(quoted(request), request), request.method)),
  };
}

/** But to health checks, which are answered well: else nobody would be asked. */
function toClients(behaviour: Behaviour): Behaviour {
  if (behaviour.at === 'connect') return behaviour;
  const well = answer({ body: 'well' });
  return {
    at: 'body',
    run: (socket, request) => {
      const treated = request.target.includes('healthQuery') ? well : behaviour;
      if (treated.at !== 'connect') treated.run(socket, request);
    },
  };
}

const oneLine = (text: string) => text.replaceAll('\n', ' ');
const JSON_LINES = [['Content-Type', 'application/json']] as const;
const rpcError = (message: string, data: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', id: 7, error: { code: -32000, message, data } });

/** What upstreams do, one after the other; each is asked for JSON-RPC, for a path and for a WebSocket. */
const BEHAVIOURS: readonly Behaviour[] = [
  answer({ body: 'fine' }),
  resetAfterRequest(),
  cutBody('rst', 200_000, 100_000),
  garbage(),
  refuseRate('1'),
  quoting((body) => ({ status: 404, body, reason: oneLine(body).slice(0, 400) })),
  quoting((body) => ({
    status: 401,
    body,
    headers: [['WWW-Authenticate', `Basic realm="${oneLine(body)}"`]],
  })),
  quoting((body) => ({
    status: 502,
    body: `<html>${body}</html>`,
    headers: [['Content-Type', 'text/html']],
  })),
  quoting((body) => ({ status: 400, body: gzipSync(body), headers: [['Content-Encoding', 'gzip']] })),
  quoting((body, { target, message }) => ({
    status: 302,
    headers: [
      ['Location', `http://${message.header('host')}${target}`],
      ['Content-Location', target],
      ['Refresh', `3; url=${target}`],
      ['Link', `<${target}>; rel=next`],
      ['Set-Cookie', `a=b; Path=${target.replace(/\?.*/, '')}`],
      ['X-Original-Request', oneLine(body)],
    ],
  })),
  quoting((body) => ({
    body: 'fine',
    headers: [
      ['Server', oneLine(body)],
      ['ETag', `"${oneLine(body)}"`],
    ],
  })),
  interim(
    103,
    [['Link', '</v2/style.css>; rel=preload']],
    quoting((body) => ({ status: 410, body })),
  ),
];

/** Likewise, in answer to JSON-RPC; to another request they are good. */
const RPC_BEHAVIOURS: readonly Behaviour[] = [
  quoting((body) => ({ body: rpcError(body, { request: body }), headers: JSON_LINES })),
  quoting((body) => ({ status: 403, body: rpcError('no', [body]), headers: JSON_LINES })),
  quoting((body) => ({
    status: 429,
    body: rpcError(`too many requests: ${body}`, body),
    headers: JSON_LINES,
  })),
  quoting((body) => ({ body: `[${rpcError(body, {})}]`, headers: JSON_LINES })),
];

interface Surroundings {
  readonly level: string;
  readonly daemon: Daemon;
  /** The URL of what gets the alerts. */
  readonly receiver: string;
  readonly upstream: FakeUpstream;
  readonly cwd: string;
  readonly seen: Seen[];
  readonly statuses: Set<number>;
}

/** In how many ways a client shows its key. */
const KEYED: readonly Readonly<Record<string, string>>[] = [
  { authorization: `Bearer ${KEYS.alice}` },
  { 'x-api-key': KEYS.alice },
  { authorization: `Basic ${basic('anybody', KEYS.bob)}` },
];

/** In the path, in the log's words, and wherever else a key may end up by mistake. */
const MISTYPED: readonly (readonly [path: string, headers: Readonly<Record<string, string>>])[] = [
  ['/', {}],
  ['/', { authorization: `Bearer ${KEYS.mistyped}` }],
  ['/', { 'x-api-key': KEYS.mistyped, 'x-request-id': KEYS.mistyped }],
  ['/', { authorization: `Basic ${basic('anybody', KEYS.mistyped)}` }],
  [`/${KEYS.mistyped}`, {}],
  [`/x/${KEYS.mistyped}?k=${KEYS.mistyped}`, { referer: `http://x/${KEYS.mistyped}` }],
];

async function callAs(
  { daemon, seen, statuses }: Surroundings,
  path: string,
  request: HttpRequest,
): Promise<void> {
  try {
    const { status, rawHeaders, text } = await http(daemon.url + path, request);
    statuses.add(status);
    seen.push({ place: 'client', text: [...rawHeaders, text].join('\n') });
  } catch (error) {
    seen.push({ place: 'client', text: String(error) });
  }
}

async function rawAs({ daemon, seen, statuses }: Surroundings, bytes: Buffer): Promise<void> {
  try {
    const { status, headerLines, message } = await rawRequest(daemon.port, bytes);
    statuses.add(status);
    seen.push({ place: 'client', text: [message.startLine, ...headerLines, message.text].join('\n') });
  } catch (error) {
    seen.push({ place: 'client', text: String(error) });
  }
}

/** Resolves when the two whose server answers are usable again. */
async function recovered({ daemon, upstream }: Surroundings): Promise<void> {
  upstream.use(answerByLabel('A'));
  const headers = { 'x-api-key': KEYS.alice };
  await until(async () => {
    // Rows of /stats have these fields.
    const rows = (await http(`${daemon.url}/stats`, { headers })).json() as { name: string; state: string }[];
    return rows.filter(({ name, state }) => state === 'usable' && !/nowhere|plain/.test(name)).length === 3;
  }, 'usable upstreams');
}

/** Upstreams that never answer, and little patience. */
async function inTooShortATime(all: Surroundings): Promise<void> {
  const { primaries, fallbacks } = listsFor(all.upstream.url, all.receiver);
  const admin = new AdminClient(all.daemon.adminUrl, { authorization: `Bearer ${TOKEN}` });
  const reload = async (settings: Readonly<Record<string, string>>) => {
    writeLists(all, primaries, fallbacks, settings);
    all.seen.push({ place: 'admin', text: (await admin.post('/reload')).text });
  };
  await recovered(all);
  all.upstream.use(silence());
  await reload({ REQUEST_TIMEOUT: '50ms' });
  await callAs(all, `/?q=${CLIENT.query}`, {
    method: 'POST',
    body: CALL('eth_getLogs'),
    headers: KEYED[0] ?? {},
  });
  all.upstream.use(answerByLabel('A'));
  await reload({});
}

async function asClients(all: Surroundings): Promise<void> {
  const { upstream } = all;
  const bodyOf = (method: string): HttpRequest => ({ method: 'POST', body: CALL(method) });
  for (const [turn, behaviour] of [...BEHAVIOURS, ...RPC_BEHAVIOURS].entries()) {
    await recovered(all);
    upstream.use(toClients(behaviour));
    const headers = KEYED[turn % KEYED.length] ?? {};
    const calls = [
      callAs(all, `/?q=${CLIENT.query}`, { ...bodyOf('eth_call'), headers }),
      callAs(all, `/${KEYS.alice}/y?q=${CLIENT.query}`, bodyOf('eth_sendTransaction')),
    ];
    if (turn < BEHAVIOURS.length) {
      calls.push(callAs(all, `/x?q=${CLIENT.query}`, { headers }));
      calls.push(rawAs(all, askForWebSocket('/', [`X-API-Key: ${KEYS.bob}`])));
    }
    await Promise.all(calls);
  }
  await recovered(all);
  upstream.use(switchProtocol());
  const tunnel = await TunnelClient.open(
    all.daemon.port,
    askForWebSocket(`/?q=${CLIENT.query}`, [`X-API-Key: ${KEYS.alice}`]),
  );
  const { startLine, headerLines } = await tunnel.head();
  all.seen.push({ place: 'client', text: [startLine, ...headerLines].join('\n') });
  tunnel.end();
  const limited = { 'x-api-key': KEYS.limited };
  const many = `[${Array.from({ length: 100 }, () => CALL('eth_call')).join()}]`;
  for (const body of [many, CALL('eth_call')])
    await callAs(all, '/', { method: 'POST', body, headers: limited });
  await inTooShortATime(all);
  for (const [path, headers] of MISTYPED) await callAs(all, path, { ...bodyOf('eth_call'), headers });
  for (const path of providerPaths())
    await callAs(all, path, { ...bodyOf(MISPLACED), headers: KEYED[1] ?? {} });
  await callAs(all, '/stats', { headers: KEYED[1] ?? {} });
  await callAs(all, '/stats', {});
  await callAs(all, '/readyz', {});
  for (const line of [`GET /../${KEYS.alice}`, `GET /${'y'.repeat(9_000)}`, `TRACE /${KEYS.alice}/x`])
    await rawAs(all, requestBytes(line, [`X-API-Key: ${KEYS.alice}`]));
}

/** A stream of events, gathered until it ends. */
function listen({ daemon, seen }: Surroundings, path: string): void {
  get(daemon.adminUrl + path, { headers: { authorization: `Bearer ${TOKEN}` }, agent: false }, (response) => {
    response.setEncoding('utf8').on('data', (text: string) => seen.push({ place: 'admin', text }));
    response.on('error', () => {});
  }).on('error', () => {});
}

/** What may be asked for; a path that there is none of is answered, too. */
const PAGES = [
  '/',
  '/stats',
  '/metrics',
  '/config',
  '/servers',
  '/readyz',
  '/history',
  '/page/main.js',
  '/none',
];

async function asOperators(all: Surroundings): Promise<void> {
  const { daemon, upstream, seen } = all;
  const admin = new AdminClient(daemon.adminUrl, { authorization: `Bearer ${TOKEN}` });
  const strangers = [
    {},
    { authorization: `Bearer ${WRONG_TOKEN}` },
    { authorization: `Basic ${basic('admin', WRONG_TOKEN)}` },
  ].map((headers) => new AdminClient(daemon.adminUrl, headers));
  const calls: (() => Promise<{ rawHeaders: readonly string[]; text: string }>)[] = [
    ...PAGES.map((page) => () => admin.get(page)),
    () => http(`${daemon.adminUrl}/`, { headers: { authorization: `Basic ${basic('admin', TOKEN)}` } }),
    () => admin.post('/servers', addedUpstream(upstream.url)),
    () => admin.post('/servers', addedUpstream(upstream.url)),
    ...refusedUpstreams(upstream.url).map(
      (url) => () => admin.post('/servers', { url, name: url, tier: url }),
    ),
    ...refusedUpstreams(upstream.url).map(
      (url) => () => admin.patch(`/servers/${encodeURIComponent(url)}`, { weight: url, [url]: url }),
    ),
    () => admin.patch('/servers/added', { weight: 5, draining: true }),
    () => admin.delete('/servers/added'),
    () => admin.post('/servers/echo/release'),
    () => admin.put('/strategy', { strategy: 'round-robin' }),
    () => admin.put('/strategy', { strategy: KEYS.alice, pool: KEYS.alice }),
    () => admin.post('/call', { call: { method: 'eth_blockNumber', params: [] } }),
    () => admin.post('/call', { call: { method: 'eth_blockNumber', params: [] }, upstream: 'echo' }),
    () => admin.post('/call', { call: { method: 'eth_blockNumber', params: [] }, upstream: 'nowhere' }),
    () => admin.post('/alerts/test'),
    ...strangers.flatMap((stranger) => [
      () => stranger.get(`/?token=${WRONG_TOKEN}`),
      () => stranger.get(`/${WRONG_TOKEN}`),
      () => stranger.delete(`/servers/${encodeURIComponent(addedUpstream(upstream.url).url)}`),
      () => stranger.post(`/servers/${KEYS.alice}/release`),
    ]),
  ];
  const lists = listsFor(upstream.url, all.receiver);
  const reloads: (() => void)[] = [
    () => writeLists(all, refusedUpstreams(upstream.url), lists.fallbacks, REFUSED_SETTINGS),
    () => writeLists(all, [...lists.primaries, lists.primaries[0] ?? ''], lists.fallbacks),
    () => writeLists(all, [...lists.primaries, reloadedUpstream(upstream.url)], lists.fallbacks),
  ];
  const run = async (call: (typeof calls)[number]) => {
    const { rawHeaders, text } = await call();
    seen.push({ place: 'admin', text: [...rawHeaders, text].join('\n') });
  };
  await recovered(all);
  upstream.use(quoting((body) => ({ status: 404, body })));
  for (const call of calls) await run(call);
  for (const write of reloads) {
    write();
    await run(() => admin.post('/reload'));
  }
  upstream.use(answerByLabel('A'));
  await until(() => upstream.requests.some(({ target }) => target.includes('reloaded')), 'the new upstream');
  // Rows of /stats have this field.
  const names = ((await admin.get('/stats')).json() as { name: string }[]).map(({ name }) => name);
  for (const name of names) await run(() => admin.patch(`/servers/${name}`, { draining: true }));
  await callAs(all, '/', { method: 'POST', body: CALL('eth_call'), headers: KEYED[0] ?? {} });
  for (const page of PAGES) await run(() => admin.get(page));
}

function writeLists(
  { cwd, level }: Pick<Surroundings, 'cwd' | 'level'>,
  primaries: readonly string[],
  fallbacks: readonly string[],
  others: Readonly<Record<string, string>> = {},
): void {
  const lists = { RPC_URLS: primaries.join(', '), FALLBACK_RPC_URLS: fallbacks.join(', ') };
  const lines = Object.entries({ ...lists, LOG_LEVEL: level, ...others });
  writeFileSync(join(cwd, '.env'), lines.map(([name, value]) => `${name}='${value}'\n`).join(''));
}

/** A receiver of alerts, and the proxy before it, that quotes what it is sent. */
async function startReceiver(seen: Seen[]): Promise<string> {
  let received = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    // Its own URL alone is in the head.
    seen.push({ place: 'webhook', text: body });
    received += 1;
    const status = [500, 302, 200][received % 3] ?? 200;
    const headers = status === 302 ? { location: `http://127.0.0.1:9${request.url}` } : {};
    response.writeHead(status, headers).end(`no_service ${request.url} ${body}`);
  });
  // As a proxy it leads to itself.
  server.on('connect', (_, socket) => {
    socket.write('HTTP/1.1 200 Connected\r\n\r\n');
    server.emit('connection', socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  releaseAfterwards(() => {
    server.close();
    server.closeAllConnections();
  });
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

export interface Drive {
  readonly level: string;
  readonly format: string;
  readonly end: End;
}

export async function drive({ level, format, end }: Drive): Promise<Driven> {
  const upstream = await FakeUpstream.start();
  const seen: Seen[] = [];
  const cwd = mkdtempSync(join(tmpdir(), 'secrets-'));
  releaseAfterwards(() => rmSync(cwd, { recursive: true, force: true }));
  const receiver = await startReceiver(seen);
  const redis = await startRedisPort();
  const { primaries, fallbacks } = listsFor(upstream.url, receiver);
  // At first it has to say its ports.
  writeLists({ cwd, level: 'info' }, primaries, fallbacks);
  const daemon = await startDaemon({
    cwd,
    env: {
      ...settingsWith(receiver, redis.port),
      LOG_FORMAT: format,
      ERROR_TIME_TO_LIVE_MINUTES: '0.00005',
      MAX_QUEUE_WAIT: '10ms',
      SLACK_COOLDOWN: '0s',
      QUOTATION: quotation(),
      QUOTE_AT: end,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(PRELOADED)}`,
    },
  });
  const all: Surroundings = { level, daemon, receiver, upstream, cwd, seen, statuses: new Set() };
  writeLists(all, primaries, fallbacks);
  const admin = new AdminClient(daemon.adminUrl, { authorization: `Bearer ${TOKEN}` });
  if (level !== 'info') seen.push({ place: 'admin', text: (await admin.post('/reload')).text });
  for (const path of ['/events', '/events?live']) listen(all, path);
  await asClients(all);
  await asOperators(all);
  await until(() => seen.some(({ place }) => place === 'webhook'), 'an alert');
  daemon.signal('SIGUSR2');
  await until(() => daemon.stderr.includes('[warned]'), 'the warning');
  daemon.signal(end === 'SIGTERM' ? 'SIGTERM' : 'SIGUSR2');
  const { code } = await daemon.exited;
  const { stdout, stderr } = daemon;
  seen.push({ place: 'log', text: stdout + stderr });
  const heads = upstream.requests.map(({ target, headerLines, body }) => [target, ...headerLines, body]);
  seen.push({ place: 'request', text: heads.flat().join('\n') });
  seen.push({ place: 'redis', text: redis.sent.flat().join('\n') });
  return { seen, log: stdout, statuses: all.statuses, exitCode: code };
}

/** What the commands print, and the program when the settings are wrong. */
export async function driveCommands(): Promise<readonly Seen[]> {
  const upstream = await FakeUpstream.start();
  const { primaries, fallbacks } = listsFor(upstream.url, 'http://127.0.0.1:9');
  upstream.use(quoting((body) => ({ status: 404, body })));
  const lists = { RPC_URLS: primaries.join(', '), FALLBACK_RPC_URLS: fallbacks.join(', ') };
  const right = { ...settingsWith('http://127.0.0.1:9'), ...lists };
  const wrong = refusedUpstreams(upstream.url);
  const json = JSON.stringify({
    servers: wrong,
    fallbackServers: wrong.map((url) => ({ url, [url]: url, weight: url })),
    [wrong[0] ?? '']: wrong[1],
    slackWebhookUrl: [REFUSED_SETTINGS['SLACK_WEBHOOK_URL']],
    apiKeys: [REFUSED_SETTINGS['API_KEYS'], { key: KEYS.alice }],
    pools: { [KEYS.alice]: { servers: wrong, [KEYS.alice]: wrong } },
  });
  const flags = wrong.flatMap((url) => [`--bakends=${url}`, `-${url}`, url]);
  const runs = await Promise.all([
    runDaemon(['--check', '--health-check=rpc'], right),
    runDaemon(['--check', '--format=json'], right),
    runDaemon([], { ...REFUSED_SETTINGS, RPC_URLS: wrong.join(', '), FALLBACK_RPC_URLS: wrong.join(',') }),
    runDaemon(['--config=wrong.json', ...flags], {}, { 'wrong.json': json }),
  ]);
  return runs.map(({ stdout, stderr }) => ({ place: 'command', text: stdout + stderr }));
}
