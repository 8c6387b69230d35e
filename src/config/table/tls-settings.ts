/** The rows of the settings' table for TLS on the client port. */

import { optional, setting } from './setting-definition.ts';
import { fileName, oneOf, orOff, port } from './value-types.ts';

export const tlsSettings = {
  tlsCertFile: setting(optional(fileName()), {
    name: 'TLS_CERT_FILE',
    needsRestart: true,
    doc: 'Certificate with its chain, PEM: together with `TLS_KEY_FILE` the client port speaks HTTPS (HTTP/1.1 and HTTP/2). The files are read again when they change.',
  }),
  tlsKeyFile: setting(optional(fileName()), {
    name: 'TLS_KEY_FILE',
    needsRestart: true,
    doc: 'Private key of that certificate, PEM, without a pass phrase.',
  }),
  tlsMinVersion: setting(oneOf(['1.2', '1.3']), {
    name: 'TLS_MIN_VERSION',
    needsRestart: true,
    default: '1.2',
    doc: 'Oldest version of TLS that clients may use: `1.2` or `1.3`.',
  }),
  httpRedirectPort: setting(orOff(port()), {
    name: 'HTTP_REDIRECT_PORT',
    needsRestart: true,
    default: 'off',
    doc: 'A port that answers plain HTTP with a redirect (308) to HTTPS, or `off`. Needs a certificate.',
  }),
};
