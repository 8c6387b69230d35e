import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { STREAMED_TYPES } from '../../src/admin/events.ts';
import { PROBLEMS } from '../../src/admin/problems.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const section = readme.slice(readme.indexOf('### The admin port'), readme.indexOf('## What is retried'));

it('README.md names every refusal of the admin port, with its status where it is not among the other answers', () => {
  for (const [code, { status }] of Object.entries(PROBLEMS)) {
    expect(section).toContain(`\`${code}\``);
    expect(readme).toMatch(new RegExp(`\\b${status}\\b`));
  }
});

it('README.md names every event that is streamed', () => {
  for (const type of STREAMED_TYPES) expect(section).toContain(`\`${type}\``);
});

it('README.md names every call of the admin port', () => {
  const routes = readFileSync(new URL('../../src/admin/routes.ts', import.meta.url), 'utf8');
  const paths = [...routes.matchAll(/path: '([^']+)'/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(8);
  for (const path of paths) expect(section).toContain(path);
});
