import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startDaemon } from '../support/daemon.ts';

const example = fileURLToPath(new URL('../../config.example.json', import.meta.url));

it('starts with config.example.json as it stands', async () => {
  const daemon = await startDaemon({ args: [`--config=${example}`] });
  const stats = await (await fetch(`${daemon.url}/stats`)).json();
  expect(stats).toMatchObject([
    { name: 'one', tier: 'primary', weight: 2, url: 'http://localhost:5001' },
    { name: 'two', tier: 'primary', weight: 1, url: 'http://localhost:5002' },
    { name: 'spare', tier: 'fallback', weight: 1, url: 'http://localhost:5003' },
  ]);
});

it('stands in docs/settings.md as it is', () => {
  const page = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  expect(page).toContain(`\`\`\`json\n${readFileSync(example, 'utf8')}\`\`\``);
});
