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

it('a start does not look for them', () => {
  expect(load({ env: { ...LISTS, RPC_URL: 'x' } }).nearMisses).toEqual([]);
});
