// What holds for every document: its links lead somewhere, it is found from the README, its tables are not padded.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FAILURE_REASONS } from '../../src/events.ts';
import { STRATEGY_NAMES } from '../../src/strategies/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const MAX_README_BYTES = 20_000;

const read = (document: string) => readFileSync(join(root, document), 'utf8');

function markdownIn(folder: string, recursive: boolean): string[] {
  return readdirSync(join(root, folder), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name).replaceAll('\\', '/'));
}

const pages = markdownIn('docs', false);
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...markdownIn('docs', true),
  'bench/README.md',
  'examples/backend/README.md',
  'examples/kubernetes/README.md',
  'examples/monitoring/README.md',
  'test/rpc/README.md',
];

/** The text without blocks of code, in which a # is no heading and brackets are no link. */
function prose(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** What a document's headings are called in links: GitHub's way, with -1, -2 for repeats. */
function anchors(markdown: string): string[] {
  const seen = new Map<string, number>();
  return [...prose(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const name = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const repeats = seen.get(name) ?? 0;
    seen.set(name, repeats + 1);
    return repeats === 0 ? name : `${name}-${repeats}`;
  });
}

function links(document: string): string[] {
  const text = prose(read(document)).replaceAll(/`[^`]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
}

/** The file that a relative link leads to, from the top of the repository; undefined for one to another site. */
function fileOf(document: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = ''] = link.split('#');
  return path === '' ? document : join(dirname(document), path).replaceAll('\\', '/');
}

describe.each(documents)('%s', (document) => {
  it('links to files and headings that are there', () => {
    const isDead = (link: string): boolean => {
      const file = fileOf(document, link);
      if (file === undefined) return false;
      if (!existsSync(join(root, file))) return true;
      const heading = link.split('#')[1];
      return heading !== undefined && !anchors(read(file)).includes(heading);
    };
    expect(links(document).filter(isDead)).toEqual([]);
  });
});

describe('README.md', () => {
  it(`has no more than ${MAX_README_BYTES} bytes`, () => {
    expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(MAX_README_BYTES);
  });

  it('links to every page of docs/ in its list, and by way of these to every decision', () => {
    const [, list = ''] = read('README.md').split('## Documentation\n');
    const listed = [...list.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    expect(pages.filter((page) => !listed.includes(page))).toEqual([]);

    const linked = new Set(pages.flatMap((page) => links(page).map((link) => fileOf(page, link))));
    expect(documents.filter((name) => name.startsWith('docs/decisions/') && !linked.has(name))).toEqual([]);
  });
});

/** The layout of the code is told in its own way. */
const forUsers = pages.filter((name) => name !== 'docs/architecture.md');

it.each(forUsers)('%s opens with a title and one sentence that says what it is', (page) => {
  const [title, opening = ''] = read(page).split('\n\n');
  expect(title).toMatch(/^# [A-Z]/);
  expect(opening).toMatch(/^[A-Z].*\.$/s);
  expect(opening.split(/(?<=\.)\s+(?=[A-Z])/)).toHaveLength(1);
});

const unpadded = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...forUsers];

it.each(unpadded)('%s pads no cell of its tables', (document) => {
  const isPadded = (line: string) => /^\|/.test(line) && /\S {2,}\||\| {2,}\S|-{4,}/.test(line);
  expect(prose(read(document)).split('\n').filter(isPadded)).toEqual([]);
});

describe('a reference page', () => {
  /** The first cells of its tables' rows. */
  const subjects = (page: string) =>
    [...read(page).matchAll(/^\| (.*?) \|/gm)].map(([, cell = '']) => cell).join('\n');

  it.each(STRATEGY_NAMES)('explains the strategy %s', (name) => {
    expect(subjects('docs/settings.md')).toContain(`\`${name}\``);
  });

  it.each([...FAILURE_REASONS, 'probe-failed', 'wrong-chain'])('explains the reason %s', (reason) => {
    expect(subjects('docs/quarantine.md')).toContain(`\`${reason}\``);
  });
});

it('names no npm script in its documents that package.json lacks', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = documents.flatMap((document) =>
    [...read(document).matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name),
  );
  expect(named).not.toHaveLength(0);
  expect([...new Set(named)].filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});
