import type { Upstream } from '../upstreams/upstream.ts';

/** Where the upstream's socket goes: an address or host name without brackets, and a port. */
export function addressOf(upstream: Upstream): { host: string; port: number } {
  const { hostname, port } = new URL(upstream.origin);
  return {
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port ? Number(port) : upstream.secure ? 443 : 80,
  };
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name not found',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'no connection',
  EHOSTUNREACH: 'host not reachable',
  ENETUNREACH: 'network not reachable',
};

/** An error's code, where it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : undefined;
}

/** What a connection error means, from its code alone: messages can quote what was asked for. */
export function problemOf(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return 'connection failed';
  if (code.startsWith('HPE_')) return `not valid HTTP (${code})`;
  return `${WORDS[code] ?? 'connection failed'} (${code})`;
}
