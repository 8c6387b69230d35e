/** The rows of the settings' table about clients: who may call, how often, what, from which pages, and through whom. */

import { apiKeys } from '../api-keys.ts';
import { cidrs } from './cidrs.ts';
import { corsOrigins, MAX_CLIENT_RPS, methodPatterns } from './client-values.ts';
import { optional, setting } from './setting-definition.ts';
import { integer } from './value-types.ts';

export const clientSettings = {
  apiKeys: setting(optional(apiKeys()), {
    name: 'API_KEYS',
    json: 'list',
    secret: 'all',
    doc: 'Clients’ keys, `NAME:KEY` separated by commas, each followed by its options: `alice:KEY rps=50, bob:KEY methods=eth_*,net_*`. Once it is set, every request needs one of the keys.',
  }),
  clientRps: setting(optional(integer(1, MAX_CLIENT_RPS)), {
    name: 'CLIENT_RPS',
    doc: 'The most calls a second of each key without `rps=`; without keys, of each client’s address. A batch counts its calls.',
  }),
  allowMethods: setting(optional(methodPatterns()), {
    name: 'ALLOW_METHODS',
    json: 'list',
    doc: 'The only JSON-RPC methods that clients may call, separated by commas; `*` stands for any letters: `eth_*,net_version`.',
  }),
  denyMethods: setting(optional(methodPatterns()), {
    name: 'DENY_METHODS',
    json: 'list',
    doc: 'JSON-RPC methods that no client may call, `ALLOW_METHODS` notwithstanding: `debug_*,trace_*`.',
  }),
  corsOrigins: setting(optional(corsOrigins()), {
    name: 'CORS_ORIGINS',
    json: 'list',
    doc: 'Origins of web pages that may call, such as `https://app.example`, separated by commas, or `*` for all. Preflights are then answered here.',
  }),
  trustProxy: setting(optional(cidrs()), {
    name: 'TRUST_PROXY',
    json: 'list',
    doc: 'Proxies in front of this one whose `X-Forwarded-*` headers are trusted: networks such as `10.0.0.0/8`, single addresses, and the words `loopback` and `private`, separated by commas.',
  }),
};
