/** The rows of the settings' table for active health checks. */

import { PROBE_NAMES } from '../../probes/index.ts';
import { optional, setting } from './setting-definition.ts';
import { chainId, duration, integer, oneOf, orOff, path } from './value-types.ts';

export const healthSettings = {
  healthCheck: setting(oneOf(['off', ...PROBE_NAMES]), {
    name: 'HEALTH_CHECK',
    default: 'tcp',
    doc: 'How upstreams are checked: `off`, `tcp` (connects), `http` (GET, 2xx or 3xx is up), `rpc` (JSON-RPC: chain id and newest block).',
  }),
  healthCheckIntervalMs: setting(duration('1ms'), {
    name: 'HEALTH_CHECK_INTERVAL',
    default: '20s',
    doc: 'Time between two checks of one upstream.',
  }),
  healthCheckTimeoutMs: setting(duration('1ms'), {
    name: 'HEALTH_CHECK_TIMEOUT',
    default: '2s',
    doc: 'A check that takes longer has failed.',
  }),
  healthCheckPath: setting(path(), {
    name: 'HEALTH_CHECK_PATH',
    default: '/',
    secret: 'query',
    doc: 'What an `http` check asks for; joined to the upstream’s own path.',
  }),
  healthCheckRise: setting(integer(1, 100), {
    name: 'HEALTH_CHECK_RISE',
    default: '1',
    doc: 'Checks in a row that must pass to bring an upstream up.',
  }),
  healthCheckFall: setting(integer(1, 100), {
    name: 'HEALTH_CHECK_FALL',
    default: '2',
    doc: 'Checks in a row that must fail to take an upstream down.',
  }),
  chainId: setting(optional(chainId()), {
    name: 'CHAIN_ID',
    doc: 'The chain that every upstream must be on, such as `1` or `0x1`; without it, the one that most are on. Needs `HEALTH_CHECK=rpc`.',
  }),
  maxBlockLag: setting(integer(0, 1_000_000_000), {
    name: 'MAX_BLOCK_LAG',
    default: '10',
    doc: 'An upstream that is more than this many blocks behind the others is asked after them. Needs `HEALTH_CHECK=rpc`.',
  }),
  removeUnhealthyAfterMs: setting(orOff(duration('1ms')), {
    name: 'REMOVE_UNHEALTHY_AFTER',
    default: 'off',
    doc: 'How long the checks must find an upstream down, without a break, until it is removed from its list (never the last one of a list); or `off`. Needs health checks.',
  }),
};
