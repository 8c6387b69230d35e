/** Reads the header of W3C Trace Context. None is written: who only passes requests on passes it on as it came. */

/** Version, trace, parent and flags, as version 00 has them; later versions may go on behind a further dash. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(-|$)/;

/** The trace's id, 32 hexadecimal digits; undefined when the value is invalid. */
export function traceIdOf(traceparent: string): string | undefined {
  const [, version, traceId, more] = TRACEPARENT.exec(traceparent) ?? [];
  return version === '00' && more !== '' ? undefined : traceId;
}
