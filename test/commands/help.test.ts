import { expect, it } from 'vitest';
import { helpText } from '../../src/commands/help.ts';
import { SETTINGS } from '../../src/config/settings.ts';

it('lists every flag', () => {
  const flags = ['backends', 'config', 'env-file', 'check', 'healthcheck', 'version', 'help'];
  for (const flag of [...flags, ...SETTINGS.map((setting) => setting.flag)]) {
    expect(helpText()).toMatch(new RegExp(`^ +--${flag}(=| )`, 'm'));
  }
});
