import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PROBLEMS } from '../../src/admin/problems.ts';
import { OWN_ANSWERS } from '../../src/errors.ts';
import { TOLD_TYPES } from '../../src/event-sentences.ts';

const page = readFileSync(new URL('../../docs/admin.md', import.meta.url), 'utf8');

it('docs/admin.md names every refusal of the admin port, with its status where it is not among the other answers', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  for (const [code, { status }] of Object.entries(PROBLEMS)) {
    expect(page).toContain(`\`${code}\``);
    if (Object.hasOwn(OWN_ANSWERS, code)) continue;
    const row = rows.find((line) => line.split(' | ')[0]?.includes(`\`${code}\``));
    expect(row?.split(' | ')[1]).toBe(`${status}`);
  }
});

it('docs/admin.md names every event that is streamed', () => {
  for (const type of TOLD_TYPES) expect(page).toContain(`\`${type}\``);
});

it('docs/admin.md names every call of the admin port', () => {
  const routes = readFileSync(new URL('../../src/admin/routes.ts', import.meta.url), 'utf8');
  const paths = [...routes.matchAll(/path: '([^']+)'/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(8);
  for (const path of paths) expect(page).toContain(path);
});
