// One process pays nothing for what it does not use.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');

/** What a file loads at once, of values. */
function loadedBy(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const statements = text.matchAll(
    /^(?:import|export) (?!type\b)(?:(\{[^}]*\}|[^;{]*?) from )?'(\.[^']+)';/gm,
  );
  return [...statements].flatMap(([, what = '', path = '']) => {
    const names = what
      .replace(/[{}]/g, '')
      .split(',')
      .filter((name) => name.trim() !== '');
    const isOfTypes = names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
    return isOfTypes ? [] : [relative(SRC, join(SRC, dirname(file), path))];
  });
}

function reachedFrom(file: string): Set<string> {
  const reached = new Set([file]);
  for (const each of reached) for (const next of loadedBy(each)) reached.add(next);
  return reached;
}

it('one process loads nothing of what several need', () => {
  const loaded = [...reachedFrom('program.ts')];
  expect(loaded).toContain('balancer/balance.ts');
  expect(loaded.filter((file) => file.startsWith('workers/'))).toEqual([]);
});

it('a worker reads no settings', () => {
  const loaded = [...reachedFrom('worker-program.ts')];
  expect(loaded).toContain('workers/reporter.ts');
  expect(loaded.filter((file) => /^config\/(?:load|sources|problems)|^commands\//.test(file))).toEqual([]);
});
