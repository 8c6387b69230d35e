/** All probes, by their name in `HEALTH_CHECK`. */

import { httpProbe } from './http.ts';
import type { Probe } from './probe.ts';
import { rpcProbe } from './rpc.ts';
import { tcpProbe } from './tcp.ts';

/** A new probe is one file and one line here. */
export const probes: Readonly<Record<string, Probe>> = {
  tcp: tcpProbe,
  http: httpProbe,
  rpc: rpcProbe,
};

export const PROBE_NAMES: readonly string[] = Object.keys(probes);
