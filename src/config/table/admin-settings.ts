/** The rows of the settings' table for the operators' listener and what operators change. */

import { optional, setting } from './setting-definition.ts';
import { fileName, listenHost, orOff, pageAddress, port, token } from './value-types.ts';

export const adminSettings = {
  adminPort: setting(orOff(port()), {
    name: 'ADMIN_PORT',
    needsRestart: true,
    default: '9090',
    doc: 'Port for operators: `/stats`, changes at run time, events; `off` closes it.',
  }),
  adminHost: setting(listenHost(), {
    name: 'ADMIN_HOST',
    needsRestart: true,
    default: '127.0.0.1',
    doc: 'Address of the admin port. One that is not loopback needs `ADMIN_TOKEN`.',
  }),
  adminToken: setting(optional(token()), {
    name: 'ADMIN_TOKEN',
    secret: 'all',
    doc: 'Once it is set, every call of the admin port except `/healthz` needs `Authorization: Bearer …`. Make it long and random: `openssl rand -hex 32`.',
  }),
  publicAdminUrl: setting(optional(pageAddress()), {
    name: 'PUBLIC_ADMIN_URL',
    doc: 'Where operators reach the admin port from outside; alerts link to it.',
  }),
  persistServers: setting(orOff(fileName()), {
    name: 'PERSIST_SERVERS',
    needsRestart: true,
    default: 'off',
    doc: 'A file that keeps the lists of upstreams as operators change them. Once it exists, it is read at the start instead of the lists in the settings. `off`: changes last until the restart.',
  }),
};
