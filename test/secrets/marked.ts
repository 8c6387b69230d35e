/** A secret in every place where there can be one, each one of its own, and the settings with all of them. */

import { SETTINGS } from '../../src/config/table/settings.ts';
import { NO_SUCH_HOST } from '../support/fake-upstream.ts';
import { type Leak, type Secret, SecretSearch } from '../support/secret-search.ts';

/** Where a text was seen. `request`: what upstreams were sent; `redis`: what Redis was sent, but for the login. */
export type Place = 'log' | 'client' | 'admin' | 'webhook' | 'request' | 'command' | 'redis';

/** Of upstreams: they alone are sent them. Signs that are written in many ways are among their letters. */
const OF_UPSTREAMS = {
  user: 'userName+Ab3xY7',
  password: 'pass:Word/Xy21&q"',
  path: 'path/Key+7fQ2~Zr9x',
  query: 'query=Key&Wm4+tR8v%',
  header: 'header, Key with blanks 4Tz',
  bearer: 'bearer.Token_8Hs+/=',
  cookie: 'cookieValue.5Rt0-Lk',
  'path beside a header': 'bearersPath-9Kd2bN',
  'user of a login': 'loginName-Q8w2Ee',
  'password of a login': 'loginsPass:5Tz/Uu',
  'user where there is no host': 'nobodyUser-3FgHh',
  'path where there is no host': 'nowhereKey-77aBcD',
  'path where there is no TLS': 'plainsKey-1LmNoP',
  'path of one that is added': 'addedKey-6VbNm7',
  'header of one that is added': 'addedHeader-2SdF5',
  'path after a reload': 'reloadedKey-8GhJk',
  'path of what is refused': 'refusedKey-4Xc71Vb9q',
  'password of what is refused': 'refusedPass-0PoIu',
  'header of what is refused': 'refusedHeader-Zq1',
  'query of the health check': 'healthQuery-6Yh8Bg',
} as const;

/** Of webhooks. */
const OF_WEBHOOKS = {
  'path of Slack': 'T0aB/B1cD/slackHook55Tok',
  'query of Slack': 'slackQuery-1Qa2Ws',
  'path of the webhook': 'webhookPath-9Ol8Ik',
  'query of the webhook': 'webhookQuery-7Uj6',
  'user of the proxy': 'proxyUser-3Wx9Cd',
  'password of the proxy': 'proxyPass:4Ev8Rb/',
  'a webhook that is none': 'mistyped-Hook-3Edc',
} as const;

/** Of Redis. */
const OF_REDIS = {
  'user of Redis': 'redisUser+9Lk/3Vb',
  'password of Redis': 'redisPass:7Qw@Zx"1',
  'password of a Redis that is refused': 'refusedRedis-5Tg6Yh',
} as const;

/** Of those who call: not even upstreams are sent them. */
const OF_CALLERS = {
  'key of alice': 'alice+Key~Of-Some.Length_1=',
  'key of bob': 'bobs-Other-Key:2Rf5Tg',
  'key with a limit': 'limited-Key:4Jk8Lp',
  'mistyped key': 'alise_Kay~0f-Sum.Lenght-9',
  'key that is refused': 'refused~Clients-Key4',
  'admin token': 'admin"Token=+/~4Wq9Zz',
  'wrong admin token': 'wrong-Token=+/~8Zx1Cc',
} as const;

/** A client's own words: between it and the upstream. */
const OF_CLIENTS = {
  'query of a client': 'clientsQuery-0Pl3Mk',
  'words of a body': 'clientsBody-7Mn4Bv',
} as const;

type Names = Readonly<Record<string, string>>;

const listed = (names: Names): Secret[] => Object.entries(names).map(([name, text]) => ({ name, text }));

export const UPSTREAM_SECRETS = listed(OF_UPSTREAMS);

/** What may be seen nowhere in such a place. */
function secretsOf(place: Place): Secret[] {
  const callers = [...listed(OF_CALLERS), ...listed(OF_WEBHOOKS), ...listed(OF_REDIS)];
  switch (place) {
    case 'request':
      return callers;
    case 'client':
      return [...callers, ...UPSTREAM_SECRETS];
    case 'redis':
      // Upstreams that are added at run time are told to other replicas.
      return [...callers, ...UPSTREAM_SECRETS, ...listed(OF_CLIENTS)].filter(
        ({ name }) => !/ added$/.test(name),
      );
    default:
      return [...callers, ...UPSTREAM_SECRETS, ...listed(OF_CLIENTS)];
  }
}

/** All that came out at a place. */
export interface Seen {
  readonly place: Place;
  readonly text: string;
}

/** What was seen where it must not be. */
export function leaksIn(seen: readonly Seen[]): readonly (Leak & { readonly place: Place })[] {
  const places = [...new Set(seen.map(({ place }) => place))];
  return places.flatMap((place) => {
    const texts = seen.filter((each) => each.place === place).map(({ text }) => text);
    const search = new SecretSearch(secretsOf(place));
    return search.leaksIn([...new Set(texts)].join('\n')).map((leak) => ({ place, ...leak }));
  });
}

export const KEYS = {
  alice: OF_CALLERS['key of alice'],
  bob: OF_CALLERS['key of bob'],
  limited: OF_CALLERS['key with a limit'],
  mistyped: OF_CALLERS['mistyped key'],
} as const;
export const TOKEN = OF_CALLERS['admin token'];
export const WRONG_TOKEN = OF_CALLERS['wrong admin token'];
export const CLIENT = {
  query: OF_CLIENTS['query of a client'],
  body: OF_CLIENTS['words of a body'],
} as const;

export const basic = (user: string, password: string) =>
  Buffer.from(`${user}:${password}`).toString('base64');

const S = OF_UPSTREAMS;
const encoded = encodeURIComponent;
const LOGIN = basic(S['user of a login'], S['password of a login']);

/** The URLs of upstreams, with their options; the server at `plainUrl` knows no TLS. */
export function listsFor(
  url: string,
  plainUrl: string,
): { readonly primaries: string[]; readonly fallbacks: string[] } {
  const at = (rest: string, user = '') => url.replace('http://', `http://${user}`) + rest;
  const user = `${encoded(S.user)}:${encoded(S.password)}@`;
  return {
    primaries: [
      `${at(`/v2/${encoded(S.path)}?key=${encoded(S.query)}`, user)} name=echo header=X-Api-Key:${encoded(S.header)}`,
      `${at(`/${S['path beside a header']}`)} header=Authorization:Bearer%20${encoded(S.bearer)} header=Cookie:session=${S.cookie}`,
    ],
    fallbacks: [
      `${at('/')} name=login header=Authorization:Basic%20${encoded(LOGIN)}`,
      `http://${S['user where there is no host']}:x@${NO_SUCH_HOST}/${S['path where there is no host']} name=nowhere`,
      `${plainUrl.replace('http:', 'https:')}/${S['path where there is no TLS']} name=plain`,
    ],
  };
}

/** What clients ask for that have exchanged only the host in their provider's URL. */
export const providerPaths = (): string[] => [
  `/v2/${encoded(S.path)}`,
  `/${S['path beside a header']}/x`,
  `/${S['path where there is no host'].toUpperCase()}`,
];

/** A call of theirs, too: its method. */
export const MISPLACED = S.cookie;

export const reloadedUpstream = (url: string) => `${url}/${S['path after a reload']} name=reloaded`;

export const addedUpstream = (url: string) => ({
  url: `${url}/${S['path of one that is added']}?a=b`,
  name: 'added',
  headers: { 'X-Own': S['header of one that is added'] },
});

/** What an operator may write down wrongly. */
export function refusedUpstreams(url: string): string[] {
  const path = S['path of what is refused'];
  const login = `user:${S['password of what is refused']}@`;
  const right = `${url.replace('http://', `http://${login}`)}/${path}`;
  return [
    `${right}#fragment`,
    `${right.replace('http:', 'ftp:')}`,
    `${right} weight=0 colour=red`,
    `${right} weight=${path}`,
    `${right} header=X:${S['header of what is refused']} header=Host:${S['header of what is refused']}`,
    `${right} ${path} name=a/${path}`,
    `${login}${path}`,
    path,
    `https:/${login}host/${path}`,
    `http://${login}ho st/${path}`,
  ];
}

/** Likewise, of other settings. */
export const REFUSED_SETTINGS: Readonly<Record<string, string>> = {
  API_KEYS: `${OF_CALLERS['key that is refused']}, x ${OF_CALLERS['key that is refused']}, y:${OF_CALLERS['key that is refused']}/`,
  SLACK_WEBHOOK_URL: OF_WEBHOOKS['a webhook that is none'],
  WEBHOOK_URL: `ftp://hooks.example/${OF_WEBHOOKS['a webhook that is none']}`,
  ADMIN_TOKEN: `two words ${WRONG_TOKEN}`,
  REDIS_URL: `redis://user:${OF_REDIS['password of a Redis that is refused']}@127.0.0.1:99999`,
  HEALTH_CHECK_PATH: `health?token=${S['query of the health check']}`,
  CORS_ORIGINS: `https://user:${S['password of what is refused']}@app.example`,
};

/** The settings of a daemon that has a secret wherever one can be. */
export function settingsWith(webhookUrl: string, redisPort = 9): Readonly<Record<string, string>> {
  const redisLogin = `${encoded(OF_REDIS['user of Redis'])}:${encoded(OF_REDIS['password of Redis'])}`;
  const proxyLogin = `${OF_WEBHOOKS['user of the proxy']}:${encoded(OF_WEBHOOKS['password of the proxy'])}`;
  return {
    API_KEYS: `alice:${KEYS.alice} rps=100000, bob:${KEYS.bob}, carl:${KEYS.limited} rps=1`,
    ADMIN_TOKEN: TOKEN,
    ADMIN_PORT: '0',
    SLACK_WEBHOOK_URL: `${webhookUrl}/services/${OF_WEBHOOKS['path of Slack']}?q=${OF_WEBHOOKS['query of Slack']}`,
    WEBHOOK_URL: `${webhookUrl}/${OF_WEBHOOKS['path of the webhook']}?q=${OF_WEBHOOKS['query of the webhook']}`,
    HTTP_PROXY: webhookUrl.replace('http://', `http://${proxyLogin}@`),
    REDIS_URL: `redis://${redisLogin}@127.0.0.1:${redisPort}`,
    PUBLIC_ADMIN_URL: 'https://operators.example/lb/',
    HEALTH_CHECK: 'http',
    HEALTH_CHECK_INTERVAL: '200ms',
    HEALTH_CHECK_FALL: '1',
    HEALTH_CHECK_PATH: `/?token=${S['query of the health check']}`,
  };
}

/** All that is secret, as errors and warnings may quote it. */
export function quotation(): string {
  const settings = new Set(SETTINGS.map(({ name }) => name));
  const all = Object.values({
    ...OF_UPSTREAMS,
    ...OF_WEBHOOKS,
    ...OF_REDIS,
    alice: KEYS.alice,
    bob: KEYS.bob,
    TOKEN,
  });
  const isInForce = (text: string) =>
    !/refused|reloaded|added|mistyped/i.test(text) &&
    (settings.has('WEBHOOK_URL') || !/^(?:webhook|proxy)/.test(text));
  const inForce = all.filter(isInForce);
  const login = basic(S.user, S.password);
  const inJson = JSON.stringify(inForce);
  return [...inForce, ...inForce.map(encoded), inJson, `Basic ${login}`, `Basic ${LOGIN}`].join(' ');
}
