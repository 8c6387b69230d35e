/** The tcp probe: an upstream is up when it accepts a TCP connection; with https: its certificate is not checked. */

import { DialFailure } from '../network/dial-failure.ts';
import { resultOfDialFailure } from './connection.ts';
import type { Probe } from './probe.ts';

export const tcpProbe: Probe = {
  name: 'tcp',
  proves: new Set(['refused', 'dns', 'connect-timeout']),
  check(upstream, { timeoutMs, dialer }) {
    upstream.probeCalls += 1;
    return new Promise((resolve) => {
      dialer.dial(upstream.address, timeoutMs, (result) => {
        if (!(result instanceof DialFailure)) {
          result.destroy();
          resolve({ up: true });
        } else if (result.reason === 'connect-timeout')
          resolve({ up: false, problem: `no connection within ${timeoutMs} ms` });
        else resolve(resultOfDialFailure(result));
      });
    });
  },
};
