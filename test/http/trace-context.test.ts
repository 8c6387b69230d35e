import { describe, expect, it } from 'vitest';
import { traceIdOf } from '../../src/http/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('a trace id', () => {
  it.each([
    ['version 00', `00-${TRACE}-${PARENT}-01`],
    ['flags that are not known yet', `00-${TRACE}-${PARENT}-ff`],
    ['a later version', `01-${TRACE}-${PARENT}-00`],
    ['a later version that goes on', `cc-${TRACE}-${PARENT}-00-what-the-future-brings`],
  ])('is read of %s', (_, traceparent) => {
    expect(traceIdOf(traceparent)).toBe(TRACE);
  });

  it.each([
    ['nothing', ''],
    ['version ff', `ff-${TRACE}-${PARENT}-01`],
    ['no version', `${TRACE}-${PARENT}-01`],
    ['a version in capitals', `CC-${TRACE}-${PARENT}-01`],
    ['version 00 that goes on', `00-${TRACE}-${PARENT}-01-more`],
    ['version 00 that ends with a dash', `00-${TRACE}-${PARENT}-01-`],
    ['a later version that goes on without a dash', `01-${TRACE}-${PARENT}-01more`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['a trace in capitals', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['a parent in capitals', `00-${TRACE}-${PARENT.toUpperCase()}-01`],
    ['a short trace', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['a long trace', `00-${TRACE}0-${PARENT}-01`],
    ['other letters', `00-${TRACE.replace('4', 'g')}-${PARENT}-01`],
    ['no flags', `00-${TRACE}-${PARENT}`],
    ['cut flags', `00-${TRACE}-${PARENT}-0`],
    ['two values', `00-${TRACE}-${PARENT}-01,00-${TRACE}-${PARENT}-01`],
    ['blanks', ` 00-${TRACE}-${PARENT}-01`],
    ['a further line', `00-${TRACE}-${PARENT}-01\n`],
  ])('is not read of %s', (_, traceparent) => {
    expect(traceIdOf(traceparent)).toBeUndefined();
  });
});
