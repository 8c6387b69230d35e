// docs/check.md shows what --check prints, and names all that it may advise.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ADVICE_CODES } from '../../src/commands/check/advice/advice.ts';
import { adviceOn } from '../../src/commands/check/advice/index.ts';
import { agreementOn } from '../../src/commands/check/agreement.ts';
import { known, notTried } from '../../src/commands/check/finding.ts';
import type { Examined, FoundPool } from '../../src/commands/check/found.ts';
import { foundLines, settingsLines } from '../../src/commands/check/text-report.ts';
import { maskedSettings } from '../../src/config/masked-settings.ts';
import { Upstream } from '../../src/upstreams/upstream.ts';
import { load } from '../config/loading.ts';

const page = readFileSync(new URL('../../docs/check.md', import.meta.url), 'utf8');

function block(name: string): string {
  return new RegExp(`<!-- ${name} -->\n\`\`\`\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
}

const HEAD = 21_400_000;
const full: Examined = {
  server: { kind: 'ethereum' },
  chainId: '1',
  blockHeight: HEAD,
  connectMs: 60,
  latencyMs: 31,
  tlsDaysLeft: 64,
  clockAheadMs: 0,
  clientVersion: known('Geth/v1.14.12-stable/linux-amd64/go1.23.4'),
  blockHash: known('0xaa'),
  archive: known({ block: HEAD - 1_000_000, has: true }),
  logsRange: known({ least: 10_000, most: undefined }),
  batch: known({ least: 100, most: undefined }),
  webSocket: known({ accepts: true, status: 101 }),
  questions: 11,
  isCutShort: false,
};
const nothing = notTried<never>('HTTP 404');
const examined: Readonly<Record<string, Examined>> = {
  alchemy: { ...full, logsRange: known({ least: 10, most: 10 }) },
  own: {
    ...full,
    blockHeight: HEAD - 14,
    latencyMs: 2,
    tlsDaysLeft: undefined,
    clientVersion: known('Nethermind/v1.29.1+dfea5240/linux-x64/dotnet8.0.10'),
    archive: known({ block: HEAD - 1_000_014, has: false }),
  },
  public: {
    ...full,
    server: { kind: 'http', status: 404, software: 'cloudflare' },
    chainId: undefined,
    blockHeight: undefined,
    latencyMs: 48,
    tlsDaysLeft: 11,
    ...{ clientVersion: nothing, blockHash: nothing, archive: nothing },
    ...{ logsRange: nothing, batch: nothing, webSocket: nothing },
  },
};

it('shows what is printed', () => {
  const loaded = load({ argv: ['--check'], files: { '.env': block('check-env') } });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const { config, sources, nearMisses } = loaded;
  const [settings] = config.pools;
  if (!settings) throw new Error('there is no pool');
  const pool: FoundPool = {
    settings,
    name: 'default',
    probe: 'rpc',
    upstreams: settings.upstreams.map((spec) => {
      const of = examined[spec.name] ?? full;
      const isUp = of.server.kind === 'ethereum';
      return {
        upstream: new Upstream(spec, 1_000),
        isUp,
        problem: isUp ? undefined : 'eth_chainId: status 404',
        isLimited: false,
        ms: 2 * Math.round(of.latencyMs ?? 0) + 60,
        examined: of,
        lag: of.blockHeight === undefined ? undefined : HEAD - of.blockHeight,
      };
    }),
    undecided: undefined,
    chainId: '1',
    agreement: agreementOn(HEAD - 46, []),
  };
  const found = { pools: [pool], nearMisses };
  const lines = [
    ...settingsLines(maskedSettings(config, sources)),
    ...foundLines(found, adviceOn(found), 100),
  ];
  // How many settings there are is no matter of this page.
  const withoutCount = (text: string) => text.replace(/\d+ others/, 'N others');
  expect(withoutCount(block('check-output'))).toBe(withoutCount(`${lines.join('\n')}\n`));
});

it('names all kinds of advice', () => {
  const list = /<!-- check-codes -->\n([^\n]*\n)*?\n/.exec(page)?.[0] ?? '';
  expect([...list.matchAll(/`([\w-]+)`/g)].map(([, code]) => code)).toEqual(ADVICE_CODES);
});
