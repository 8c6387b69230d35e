/** Looks up the host of Redis without the threads of the C library, of which there are few. */

import { isIP, type LookupFunction } from 'node:net';
import type { LookUp } from '../../network/look-up.ts';

/** As sockets want it; `signal` ends look-ups that take long. */
export function lookUpForSockets(lookUp: LookUp, signal: AbortSignal): LookupFunction {
  return (name, { all }, callback) => {
    lookUp(name, signal).then(
      ({ addresses }) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first = { address: '', family: 4 }] = found;
        if (all) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}
