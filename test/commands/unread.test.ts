// Commands whose reader has had enough: `--check | head -1`.
import { expect, it } from 'vitest';
import { runUnread } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';

it('a check ends quietly and asks nobody, and does not say that all is well', async () => {
  const upstream = await FakeUpstream.start();
  expect(await runUnread(['--check', `--backends=${upstream.url}`])).toBe('status 1\n');
  expect(upstream.requests).toEqual([]);
});

it.each(['--help', '--version'])('%s ends quietly', async (flag) => {
  expect(await runUnread([flag])).toBe('status 0\n');
});
