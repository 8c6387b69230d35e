import { describe, expect, it } from 'vitest';
import { maskedSettings, secretsOfConfig } from '../../src/config/masked-settings.ts';
import { SETTINGS } from '../../src/config/table/settings.ts';
import { createMask } from '../../src/log.ts';
import { Authority } from '../support/certificates.ts';
import { configOf, type Given, LISTS, load } from './loading.ts';

function masked(given: Given) {
  const result = load(given);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return maskedSettings(result.config, result.sources);
}

describe('maskedSettings', () => {
  it('writes every default as the table does', () => {
    const written = masked({ env: LISTS });
    expect(written.map(([name]) => name)).toEqual(SETTINGS.map(({ name }) => name));
    for (const { name, default: fallback } of SETTINGS) {
      if (name in LISTS) continue;
      expect(written).toContainEqual([name, fallback ?? '–', 'default']);
    }
  });

  it('shows the upstreams and the webhook without secrets, and where they come from', () => {
    const env = {
      RPC_URLS: 'https://user:KEY@eth.example:8545/KEY?KEY name=one weight=3, https://two.example/KEY',
      HEALTH_CHECK_PATH: '/health?key=KEY',
      SLACK_WEBHOOK_URL: 'https://hooks.slack.example/services/KEY',
    };
    const written = masked({
      argv: ['--error-time-to-live-minutes=0.5'],
      env,
      files: { '.env': 'FALLBACK_RPC_URLS=none' },
    });
    expect(written).toEqual(
      expect.arrayContaining([
        [
          'RPC_URLS',
          'https://eth.example:8545 name=one weight=3, https://two.example name=two.example weight=1',
          'environment',
        ],
        ['FALLBACK_RPC_URLS', 'none', '.env line 1'],
        ['HEALTH_CHECK_PATH', '/health?***', 'environment'],
        ['SLACK_WEBHOOK_URL', 'https://hooks.slack.example', 'environment'],
        ['ERROR_TIME_TO_LIVE_MINUTES', '0.5', 'flag --error-time-to-live-minutes'],
      ]),
    );
    expect(JSON.stringify(written.map(([, text, source]) => [text, source]))).not.toContain('KEY');
  });

  it('writes statuses as ranges', () => {
    const written = masked({ env: { ...LISTS, RETRY_STATUS: '504,503,502,404,500 , 501-502,599' } });
    expect(written).toContainEqual(['RETRY_STATUS', '404,500-504,599', 'environment']);
    const pair = masked({ env: { ...LISTS, RETRY_STATUS: '502-503' } });
    expect(pair).toContainEqual(['RETRY_STATUS', '502,503', 'environment']);
  });

  it('shows how upstreams are verified', () => {
    const written = masked({
      env: {
        ...LISTS,
        RPC_URLS: 'https://a/KEY ca=ca.pem, https://b insecure=true, https://c insecure=false',
      },
      files: { 'ca.pem': new Authority().cert },
    });
    expect(written[0]?.[1]).toBe(
      'https://a name=a weight=1 ca=ca.pem, https://b name=b weight=1 insecure=true, https://c name=c weight=1',
    );
  });

  it('shows the names of header lines, not their values', () => {
    const written = masked({
      env: { ...LISTS, RPC_URLS: 'https://a name=a header=X-Key:a:KEY header=Authorization:Bearer%20KEY' },
    });
    expect(written[0]?.[1]).toBe('https://a name=a weight=1 header=X-Key:*** header=Authorization:***');
  });
});

describe('secretsOfConfig', () => {
  it('has every secret that the table and the upstreams know of, for the log', () => {
    const config = configOf({
      env: {
        RPC_URLS: 'https://userKey1:passKey2@a/pathKey3?queryKey4 header=X-Key:headerKey5',
        FALLBACK_RPC_URLS: 'https://b/pathKey6',
        SLACK_WEBHOOK_URL: 'https://hooks.slack.example/services/hookKey7',
        ADMIN_TOKEN: 'tokenKey8',
        HEALTH_CHECK_PATH: '/health?key=checkKey9',
      },
    });
    const mask = createMask(secretsOfConfig(config));
    for (const secret of secretsOfConfig(config)) expect(mask(`at ${secret}`)).not.toContain(secret);
    const all =
      'userKey1 passKey2 pathKey3 queryKey4 headerKey5 pathKey6 hookKey7 tokenKey8 checkKey9 /health';
    expect(mask(all)).toBe('*** *** *** *** *** *** *** *** *** /health');
  });
});
