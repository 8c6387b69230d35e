/** What REDIS_URL says: where Redis is, in which of its forms, and how to log in. */

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

export interface RedisLogin {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** One server, one behind a socket of this machine, a cluster, or the master that sentinels name. */
export type RedisPlace =
  | { readonly form: 'server'; readonly at: RedisHost; readonly database: number }
  | { readonly form: 'socket'; readonly path: string }
  | { readonly form: 'cluster'; readonly nodes: readonly RedisHost[] }
  | {
      readonly form: 'sentinel';
      readonly sentinels: readonly RedisHost[];
      readonly master: string;
      readonly database: number;
    };

export interface RedisTarget {
  readonly place: RedisPlace;
  readonly tls: boolean;
  readonly login: RedisLogin;
  /** The URL without its secrets. */
  readonly shown: string;
}

const DEFAULT_PORT = 6_379;
const DEFAULT_SENTINEL_PORT = 26_379;
const MAX_LENGTH = 4_096;
const PARTS = /^(rediss?)(?:\+(cluster|sentinel|unix))?:\/\/(?:([^/?#]*)@)?([^/?#]*)(\/[^?#]*)?([?#].*)?$/i;
const HOST = /^(?:([a-z0-9._-]+)|\[([0-9a-f:.]+)\])(?::(\d{1,5}))?$/i;

/** Reads REDIS_URL; text instead of a target says what is wrong with it, without any part of it. */
export function readRedisUrl(text: string): RedisTarget | string {
  const [, scheme, form, login = '', hosts = '', path = '', rest] = PARTS.exec(text) ?? [];
  if (scheme === undefined || text.length > MAX_LENGTH || /[\s\p{Cc}]/u.test(text))
    return 'is no URL of Redis';
  if (rest !== undefined) return 'has a query or a fragment, which mean nothing here';
  const read = readLogin(login);
  if (!read) return 'has a % that begins no escape';
  const tls = scheme.toLowerCase() === 'rediss';
  const place = readPlace(form?.toLowerCase(), hosts, path, tls);
  if (typeof place === 'string') return place;
  const shown =
    `${scheme}${form === undefined ? '' : `+${form}`}://`.toLowerCase() + hosts + shownPath(place);
  return { place, tls, login: read, shown };
}

/** The URL as it may be shown; undefined for text that is none. */
export function shownRedisUrl(text: string): string | undefined {
  const target = readRedisUrl(text);
  return typeof target === 'string' ? undefined : target.shown;
}

/** The texts in a URL that must not be written anywhere: as they stand there and decoded. */
export function secretsOfRedisUrl(text: string): string[] {
  const [, , , login = ''] = PARTS.exec(text) ?? [];
  const { username, password } = readLogin(login) ?? { username: undefined, password: undefined };
  const colon = login.indexOf(':');
  const written = colon < 0 ? [login] : [login.slice(0, colon), login.slice(colon + 1)];
  return [...written, username ?? '', password ?? ''].filter((each) => each !== '');
}

function readLogin(login: string): RedisLogin | undefined {
  const colon = login.indexOf(':');
  const [user, word] = colon < 0 ? [login, ''] : [login.slice(0, colon), login.slice(colon + 1)];
  try {
    return {
      username: decodeURIComponent(user) || undefined,
      password: decodeURIComponent(word) || undefined,
    };
  } catch {
    return undefined;
  }
}

function readPlace(form: string | undefined, hosts: string, path: string, tls: boolean): RedisPlace | string {
  if (form === 'unix') return readSocket(hosts, path, tls);
  const port = form === 'sentinel' ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT;
  const all = hosts.split(',').map((host) => readHost(host, port));
  const known = all.filter((host) => host !== undefined);
  const [at] = known;
  if (!at || known.length < all.length) return 'has no host, or one that is none';
  if (form === 'sentinel') return readMaster(known, path);
  if (form === 'cluster') {
    return /^\/?$/.test(path)
      ? { form: 'cluster', nodes: known }
      : 'has a path, which means nothing in a cluster';
  }
  if (known.length > 1) return 'has several hosts, which only redis+cluster and redis+sentinel have';
  const database = readDatabase(path.slice(1));
  return database === undefined ? NO_DATABASE : { form: 'server', at, database };
}

const NO_DATABASE = 'has a path that is not the number of a database';

function readSocket(hosts: string, path: string, tls: boolean): RedisPlace | string {
  if (tls) return 'has TLS, which a socket has not';
  if (hosts !== '' || path.length < 2) return 'names no socket after redis+unix://';
  try {
    return { form: 'socket', path: decodeURIComponent(path) };
  } catch {
    return 'has a % that begins no escape';
  }
}

function readHost(text: string, defaultPort: number): RedisHost | undefined {
  const [, name, address, digits] = HOST.exec(text) ?? [];
  const host = name ?? address;
  const port = digits === undefined ? defaultPort : Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function readMaster(sentinels: readonly RedisHost[], path: string): RedisPlace | string {
  const [, master, number = ''] = /^\/([\w.-]+)(?:\/(\d*))?$/.exec(path) ?? [];
  if (master === undefined) return 'does not name the master after its sentinels, as /mymaster';
  const database = readDatabase(number);
  return database === undefined ? NO_DATABASE : { form: 'sentinel', sentinels, master, database };
}

function readDatabase(text: string): number | undefined {
  return /^\d{0,5}$/.test(text) ? Number(text) : undefined;
}

function shownPath(place: RedisPlace): string {
  switch (place.form) {
    case 'server':
      return place.database === 0 ? '' : `/${place.database}`;
    case 'socket':
      return place.path;
    case 'sentinel':
      return `/${place.master}${place.database === 0 ? '' : `/${place.database}`}`;
    case 'cluster':
      return '';
    default:
      return place satisfies never;
  }
}
