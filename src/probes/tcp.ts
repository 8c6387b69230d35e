import { DialFailure } from '../network/dial-failure.ts';
import { unconnected } from './connection.ts';
import type { Probe } from './probe.ts';

/** Up is who accepts a TCP connection. With an https: upstream too: its certificate is not looked at. */
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
        else resolve(unconnected(result));
      });
    });
  },
};
