import { expect, it } from 'vitest';
import { helpText } from '../../src/commands/help.ts';
import { SETTINGS } from '../../src/config/table/settings.ts';
import { UPSTREAM_OPTIONS } from '../../src/config/upstreams/upstream-options.ts';

it('lists every flag', () => {
  const flags = ['backends', 'config', 'env-file', 'check', 'healthcheck', 'version', 'help'];
  for (const flag of [...flags, ...SETTINGS.map((setting) => setting.flag)]) {
    expect(helpText()).toMatch(new RegExp(`^ +--${flag}(=| )`, 'm'));
  }
});

it('lists every option of an upstream, without Markdown', () => {
  const [, options = ''] = helpText().split("An upstream's options");
  for (const { name } of UPSTREAM_OPTIONS) expect(options).toMatch(new RegExp(`^ +${name}=`, 'm'));
  expect(options).not.toMatch(/`|\]\(/);
});
