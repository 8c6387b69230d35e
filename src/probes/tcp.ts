import { connect } from 'node:net';
import { systemClock } from '../clock.ts';
import { addressOf, problemOf } from './connection.ts';
import type { Probe, ProbeResult } from './probe.ts';

/** Up is who accepts a TCP connection. With an https: upstream too: its certificate is not looked at. */
export const tcpProbe: Probe = {
  name: 'tcp',
  proves: new Set(['refused', 'dns', 'connect-timeout']),
  check(upstream, { timeoutMs }) {
    upstream.probeCalls += 1;
    return new Promise((resolve) => {
      const socket = connect(addressOf(upstream));
      const finish = (result: ProbeResult) => {
        cancelDeadline();
        // Its late errors still meet the listener below.
        socket.destroy();
        resolve(result);
      };
      const cancelDeadline = systemClock.after(timeoutMs, () =>
        finish({ up: false, problem: `no connection within ${timeoutMs} ms` }),
      );
      socket.once('connect', () => finish({ up: true }));
      socket.on('error', (error) => finish({ up: false, problem: problemOf(error) }));
    });
  },
};
