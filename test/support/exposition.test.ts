import { describe, expect, it } from 'vitest';
import { readExposition } from './exposition.ts';

const HEAD = '# HELP a Help.\n# TYPE a';

describe('the reader of metrics', () => {
  it('reads names, labels and numbers', () => {
    const families = readExposition(
      `${HEAD} gauge\na{y="2",x="\\"\\\\\\n"} 1.5e3\na -2\n\n# HELP b B.\n# TYPE b counter\nb NaN\n`,
    );
    expect([...(families.get('a')?.samples ?? [])]).toEqual([
      ['a{x="\\"\\\\\\n",y="2"}', 1_500],
      ['a', -2],
    ]);
    expect(families.get('b')).toMatchObject({ type: 'counter', help: 'B.' });
  });

  it.each([
    ['a missing line end', `${HEAD} gauge\na 1`],
    ['a sample without a type', 'a 1\n'],
    ['a type without help', '# TYPE a gauge\na 1\n'],
    ['a family twice', `${HEAD} gauge\na 1\n${HEAD} gauge\na{x="1"} 1\n`],
    ['an unknown type', `${HEAD} number\na 1\n`],
    ['a sample of another name', `${HEAD} gauge\nb 1\n`],
    ['a counter’s sum', `${HEAD} counter\na_sum 1\n`],
    ['a sample twice', `${HEAD} gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 1\n`],
    ['a label twice', `${HEAD} gauge\na{x="1",x="2"} 1\n`],
    ['an open label', `${HEAD} gauge\na{x="1} 1\n`],
    ['a label without quotes', `${HEAD} gauge\na{x=1} 1\n`],
    ['a comma at the end of labels', `${HEAD} gauge\na{x="1",} 1\n`],
    ['a word for a number', `${HEAD} gauge\na many\n`],
    ['another spelling of NaN', `${HEAD} gauge\na Nan\n`],
    ['no number', `${HEAD} gauge\na\n`],
    ['a negative counter', `${HEAD} counter\na -1\n`],
    [
      'a histogram that falls',
      `${HEAD} histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n`,
    ],
    ['a histogram without +Inf', `${HEAD} histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n`],
    ['a histogram with another count', `${HEAD} histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n`],
    ['a histogram without a sum', `${HEAD} histogram\na_bucket{le="+Inf"} 1\na_count 1\n`],
  ])('refuses %s', (_, text) => {
    expect(() => readExposition(text)).toThrow();
  });
});
