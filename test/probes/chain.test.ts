import { describe, expect, it } from 'vitest';
import { Announcer, type Event } from '../../src/events.ts';
import {
  ChainReference,
  type ChainVote,
  describeChains,
  poolChain,
  votesOf,
  wrongChain,
} from '../../src/probes/chain.ts';
import { upstream } from './scripted.ts';

/** `1 1 5*`: chain ids of primaries, those of fallbacks with a star. */
function votes(text: string): ChainVote[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word, index) => ({
      name: `u${index}`,
      tier: word.endsWith('*') ? 'fallback' : 'primary',
      chainId: word.replace('*', ''),
    }));
}

describe('the chain of all upstreams', () => {
  it.each<[string, string | undefined, string]>([
    ['', undefined, 'unknown'],
    ['', '1', 'unknown'],
    ['1', undefined, '1'],
    ['1', '5', '1'],
    ['1 1', undefined, '1'],
    ['1 1 5', undefined, '1'],
    ['5 1 1', undefined, '1'],
    ['5 1* 1*', undefined, '1'],
    ['5 5 1* 1* 1*', undefined, '1'],
    ['1 5', undefined, 'undecided'],
    ['1 5 10', undefined, 'undecided'],
    ['1 5*', undefined, '1'],
    ['5* 1', undefined, '1'],
    ['1* 5*', undefined, 'undecided'],
    ['1 1* 5 5*', undefined, 'undecided'],
    ['1 1 5 5*', undefined, '1'],
    ['1 5 5* 10*', undefined, '5'],
    // The chain that has won before wins a draw.
    ['1 5', '1', '1'],
    ['1 5', '5', '5'],
    ['1* 5', '1', '1'],
    ['1 5', '10', 'undecided'],
    ['1 5*', '10', '1'],
    // But no more than a draw.
    ['1 5 5', '1', '5'],
    ['1 10 10 5 5', '1', 'undecided'],
  ])('of votes "%s" when %s was it before is %s', (text, settled, expected) => {
    const chain = poolChain(votes(text), settled);
    expect(chain.kind === 'decided' ? chain.chainId : chain.kind).toBe(expected);
  });

  it('does not depend on the order of the votes', () => {
    for (const text of ['1 5*', '5* 1', '1 1 5', '1 5 1', '5 1 1']) {
      expect(poolChain(votes(text), undefined)).toMatchObject({ chainId: '1' });
    }
  });

  it('tells how many are on it', () => {
    expect(poolChain(votes('1 1 5'), undefined)).toEqual({ kind: 'decided', chainId: '1', votes: 2 });
  });
});

it('chains are described with who is on them', () => {
  expect(describeChains(votes('1 5 1'))).toBe('1 (u0, u2), 5 (u1)');
});

it('an upstream that was not asked yet has no vote', () => {
  const asked = upstream('a');
  asked.chainId = '1';
  expect(votesOf([asked, upstream('b')])).toEqual([{ name: 'a', tier: 'primary', chainId: '1' }]);
});

it.each([
  ['5', '1', 'chain 5 instead of 1'],
  ['1', '1', undefined],
  [undefined, '1', undefined],
  ['5', undefined, undefined],
])('on chain %s where %s is right: %s', (chainId, right, problem) => {
  expect(wrongChain(chainId, right)).toBe(problem);
});

describe('the reference', () => {
  function setUp(expected?: string) {
    const events: Event[] = [];
    const announcer = new Announcer();
    announcer.listen((event) => events.push(event));
    const reference = new ChainReference(expected, announcer);
    const count = (...chains: (string | undefined)[]) => {
      reference.count(
        chains.map((chainId, index) => {
          const one = upstream('abcdef'[index] ?? '');
          one.chainId = chainId;
          return one;
        }),
      );
      return reference.right;
    };
    return { events, count, reference };
  }

  it('is what the operator says, whatever the upstreams say', () => {
    const { count, events, reference } = setUp('1');
    expect(reference.right).toBe('1');
    expect(count('5', '5', '10')).toBe('1');
    expect(events).toEqual([]);
  });

  it('stays in a draw, once two upstreams were on it', () => {
    const { count, events } = setUp();
    expect(count('1', '1', '5')).toBe('1');
    expect(count('1', '5')).toBe('1');
    expect(events).toEqual([]);
  });

  it('is not kept for one alone: the first that could be asked must not outweigh the next', () => {
    const { count } = setUp();
    expect(count('5', undefined)).toBe('5');
    expect(count('5', '1')).toBeUndefined();
  });

  it('moves on with the majority', () => {
    const { count } = setUp();
    expect(count('1', '1', '5')).toBe('1');
    expect(count('1', '5', '5')).toBe('5');
  });

  it('that nobody can tell is announced once for the same disagreement', () => {
    const { count, events } = setUp();
    count('1', '5');
    count('1', '5');
    expect(events).toMatchObject([{ type: 'chain-undecided', chains: '1 (a), 5 (b)' }]);
    count('1', '1');
    count('1', '5');
    expect(events).toHaveLength(1);
  });

  it('that nobody can tell is announced anew when the disagreement is another one', () => {
    const { count, events } = setUp();
    count('1', '5');
    count('1', '10');
    expect(events).toHaveLength(2);
  });
});
