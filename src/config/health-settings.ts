import { PROBE_NAMES } from '../probes/index.ts';
import { setting } from './documentation.ts';
import { duration, integer, oneOf, path } from './kinds.ts';

/** The settings of the active health checks: a part of the one table. */
export const healthSettings = {
  healthCheck: setting(oneOf(['off', ...PROBE_NAMES]), {
    name: 'HEALTH_CHECK',
    default: 'tcp',
    doc: 'How upstreams are checked: `off`, `tcp` (connects), `http` (GET, 2xx or 3xx is up).',
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
};
