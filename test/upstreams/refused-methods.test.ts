// Whose limit it is that calls meet, from what was refused and what was not.
import { expect, it } from 'vitest';
import { RefusedMethods } from '../../src/upstreams/refused-methods.ts';
import { seededRandom } from '../support/seeded-random.ts';

const KNOWN = { isNew: false, isTold: false, hasLimit: false };
const NEW = { ...KNOWN, isNew: true };

/** Accepts calls of these, so many of each. */
function accept(methods: RefusedMethods, names: readonly string[], times: number): void {
  for (let time = 0; time < times; time += 1) for (const name of names) methods.accepted(name);
}

/** What each of so many refusals is taken for, with others accepted before each. */
function verdicts(methods: RefusedMethods, names: readonly string[], others: number, told = false): string[] {
  return names.map((name, at) => {
    accept(methods, ['other'], others);
    return methods.refused(name, { ...KNOWN, isTold: told }, at * 1_000);
  });
}

it('is that of all when a method is refused for the first time', () => {
  expect(verdicts(new RefusedMethods(), ['a', 'b', 'c', 'd', 'e'], 10).slice(0, 1)).toEqual(['all']);
  expect(new RefusedMethods().refused('a', NEW, 0)).toBe('all');
});

it('is the method’s at once when only others were ever answered, but for one new name at a time', () => {
  const methods = new RefusedMethods();
  accept(methods, ['other'], 1);
  expect(['x', 'x', 'y', 'z'].map((name) => methods.refused(name, NEW, 0))).toEqual([
    'own',
    'own',
    'all',
    'all',
  ]);
});

it('is the method’s when it is refused again and again and nothing else is', () => {
  const seldom = verdicts(new RefusedMethods(), Array(7).fill('a'), 9);
  expect(seldom.indexOf('proved')).toBe(5);
  expect(seldom[6]).toBe('own');
  const often = verdicts(new RefusedMethods(), Array(16).fill('a'), 1);
  expect(often.indexOf('proved')).toBe(14);
  expect(verdicts(new RefusedMethods(), ['a', 'a', 'a'], 9, true)).toEqual(['all', 'proved', 'own']);
});

it('is that of several methods when they are refused in turn and nothing else is', () => {
  const inTurn = verdicts(new RefusedMethods(), ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'], 9);
  expect(inTurn.slice(5)).toEqual(['proved', 'own', 'own']);
});

it('is never the method’s when it is all that is asked for', () => {
  const methods = new RefusedMethods();
  for (let at = 0; at < 500; at += 1) {
    accept(methods, ['a'], 20);
    expect(methods.refused('a', KNOWN, at * 100)).toBe('all');
  }
});

it('is seldom taken for a method’s when it holds for all', () => {
  const random = seededRandom(1);
  const methods = new RefusedMethods();
  // Half of the calls are of one method.
  const drawn = () => (random() < 0.5 ? 'a' : `b${Math.floor(random() * 4)}`);
  let wrong = 0;
  for (let at = 0; at < 5_000; at += 1) {
    for (let call = 0; call < 20; call += 1) methods.accepted(drawn());
    if (methods.refused(drawn(), KNOWN, at * 200) !== 'all') wrong += 1;
  }
  expect(wrong).toBeLessThan(5_000 * 0.003);
});

it('is that of all again when another method is refused, and after five minutes', () => {
  const methods = new RefusedMethods();
  expect(verdicts(methods, Array(6).fill('a'), 9).at(-1)).toBe('proved');
  expect(methods.refused('a', KNOWN, 10_000)).toBe('own');
  expect(methods.refused('b', KNOWN, 11_000)).toBe('all');
  expect(methods.refused('a', KNOWN, 12_000)).toBe('all');
  const later = new RefusedMethods();
  verdicts(later, Array(6).fill('a'), 9);
  expect(later.refused('a', KNOWN, 306_000)).toBe('all');
});

it('says nothing of what was learnt before', () => {
  const methods = new RefusedMethods();
  const whose = Array.from({ length: 6 }, () => {
    accept(methods, ['other'], 9);
    return methods.refused('a', { ...KNOWN, hasLimit: true }, 0);
  });
  expect(whose.at(-1)).toBe('own');
});
