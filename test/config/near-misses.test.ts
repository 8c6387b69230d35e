// Names in env files and in the environment that nearly are a setting's.
import { describe, expect, it } from 'vitest';
import { LISTS, load } from './loading.ts';

/** What --check says a name was meant to be. */
function meant(given: { readonly env?: Record<string, string>; readonly file?: string }) {
  const { env = {}, file = '' } = given;
  const loaded = load({ argv: ['--check'], env: { ...LISTS, ...env }, files: { '.env': file } });
  return loaded.nearMisses.map(({ name, source, meant }) => [name, source, meant]);
}

describe('a name in .env', () => {
  it.each([
    ['STRATEGYY', 'STRATEGY'],
    ['strategy', 'STRATEGY'],
    ['HEALTHCHECK_INTERVAL', 'HEALTH_CHECK_INTERVAL'],
    ['HEALTH_INTERVAL', 'HEALTH_CHECK_INTERVAL'],
    ['RPC_URL', 'RPC_URLS'],
    ['FALLBACK_URLS', 'FALLBACK_RPC_URLS'],
    ['SLACK_WEBHOOK', 'SLACK_WEBHOOK_URL'],
    ['API_KEY', 'API_KEYS'],
  ])('%s was meant to be %s', (name, setting) => {
    expect(meant({ file: `\n${name}=x\n` })).toEqual([[name, '.env line 2', setting]]);
  });

  it.each(['POSTGRES_PORT', 'COMPOSE_PROJECT_NAME', 'NODE_OPTIONS', 'URL', 'TIMEOUT', 'STRATEGY'])(
    '%s is no near miss',
    (name) => expect(meant({ file: `${name}=\n${name}=shuffle\n` })).toEqual([]),
  );

  it('may be of a pool', () => {
    expect(meant({ file: 'RPC_URLS_BASE=http://b\nFALLBACK_RPC_URLS_BASE=none\nSTRATEGYY_BASE=x' })).toEqual([
      ['STRATEGYY_BASE', '.env line 3', 'STRATEGY_BASE'],
    ]);
  });
});

describe('a name in the environment', () => {
  it.each([
    ['RPC_URL', 'RPC_URLS'],
    ['SLACK_COOLDOWNN', 'SLACK_COOLDOWN'],
    ['MAX_BODDY', 'MAX_BODY'],
  ])('%s was meant to be %s', (name, setting) => {
    expect(meant({ env: { [name]: 'x' } })).toEqual([[name, 'environment', setting]]);
  });

  it.each(['HOSTNAME', 'PORTS', 'SLACK_WEBHOOK', 'STRATEGYY', 'LOG_LEVELS_OF', 'TRUST_PROXIES', 'MAX_BYTES'])(
    '%s is another program’s',
    (name) => expect(meant({ env: { [name]: 'x' } })).toEqual([]),
  );
});

describe('a start', () => {
  const files = { '.env': 'SLACK_WEBHOOK=x', 'other.env': '\nSTRATEGYY=x' };

  it('warns of those in the env file', () => {
    const warnings = (argv: string[]) => {
      const loaded = load({ argv, env: LISTS, files });
      return loaded.ok && loaded.warnings;
    };
    const text = 'is no setting and has no effect; did you mean';
    expect(warnings([])).toEqual([`SLACK_WEBHOOK (.env line 1) ${text} SLACK_WEBHOOK_URL?`]);
    expect(warnings(['--env-file=other.env'])).toEqual([`STRATEGYY (other.env line 2) ${text} STRATEGY?`]);
    // There it is advice.
    expect(warnings(['--check'])).toEqual([]);
  });

  it('has them beside the problems, of which they may be the reason', () => {
    const loaded = load({ files: { '.env': 'RPC_URL=http://a' } });
    expect([loaded.ok, loaded.nearMisses.map(({ meant }) => meant)]).toEqual([false, ['RPC_URLS']]);
  });

  it('does not look for them in the environment, where other programs have theirs', () => {
    const loaded = load({ env: { ...LISTS, RPC_URL: 'x' } });
    expect([loaded.nearMisses, loaded.ok && loaded.warnings]).toEqual([[], []]);
  });
});
