import { expect, it } from 'vitest';
import { closestName } from '../../src/config/closest-name.ts';

const NAMES = ['port', 'host', 'max-url', 'max-body', 'max-batch'];

it.each([
  ['prot', 'port'],
  ['por', 'port'],
  ['HOST', 'host'],
  ['max_bodi', 'max-body'],
  ['maxbtach', 'max-batch'],
  ['maxurls', 'max-url'],
])('takes %s for %s', (written, meant) => {
  expect(closestName(written, NAMES)).toBe(meant);
});

it.each(['test', 'p', 'admin-port', 'x'.repeat(100_000)])('takes %s for nothing', (written) => {
  expect(closestName(written, NAMES)).toBeUndefined();
});
