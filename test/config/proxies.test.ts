// The proxy for webhooks, by the variables that other programs read, too.
import { describe, expect, it } from 'vitest';
import { secretsOfConfig } from '../../src/config/masked-settings.ts';
import { configOf, configWith, LISTS, problemsOf, problemsWith } from './loading.ts';

const SECURE = { SLACK_WEBHOOK_URL: 'https://hooks.example/KEY' };
const PLAIN = { WEBHOOK_URL: 'http://alerts.example/KEY' };

describe('the proxies for webhooks', () => {
  it('are those of the environment, each for its scheme', () => {
    const env = {
      HTTPS_PROXY: 'http://one.example:3128',
      HTTP_PROXY: 'https://two.example',
      NO_PROXY: '.internal,10.0.0.1',
    };
    expect(configWith({ ...SECURE, ...PLAIN, ...env }).proxies).toEqual({
      https: 'http://one.example:3128/',
      http: 'https://two.example/',
      except: '.internal,10.0.0.1',
    });
    expect(configWith({ ...SECURE, HTTP_PROXY: 'http://two.example' }).proxies).toBeUndefined();
    expect(configWith(env).proxies).toBeUndefined();
  });

  it('are in lower case, or without a scheme, as curl takes them', () => {
    const env = { https_proxy: 'low.example:3128', HTTPS_PROXY: 'http://high.example', no_proxy: '*' };
    expect(configWith({ ...SECURE, ...env }).proxies).toEqual({
      https: 'http://low.example:3128/',
      http: undefined,
      except: '*',
    });
  });

  it('come from .env and --env-file, too, after the environment', () => {
    const lists = 'RPC_URLS=https://one.example\nFALLBACK_RPC_URLS=none\nWEBHOOK_URL=https://a.example/KEY\n';
    const file = `${lists}https_proxy=http://file.example\nNO_PROXY=a.test\n`;
    const proxies = { https: 'http://file.example/', http: undefined, except: 'a.test' };
    expect(configOf({ files: { '.env': file } }).proxies).toEqual(proxies);
    expect(configOf({ argv: ['--env-file=x.env'], files: { 'x.env': file } }).proxies).toEqual(proxies);
    const env = { HTTPS_PROXY: 'http://env.example' };
    expect(configOf({ env, files: { '.env': file } }).proxies).toEqual({
      ...proxies,
      https: 'http://env.example/',
    });
  });

  it('that are wrong are a problem where a webhook needs them, without their secrets', () => {
    const allowed = 'is no proxy; allowed: an http or https URL such as http://proxy.example:3128';
    expect(problemsWith({ ...SECURE, HTTPS_PROXY: 'socks5://user:seCret@proxy.example:1080' })).toEqual([
      `HTTPS_PROXY (environment): *** ${allowed}`,
    ]);
    expect(problemsWith({ ...SECURE, https_proxy: 'http://user:100%seCret@proxy.example' })).toEqual([
      `https_proxy (environment): http://proxy.example ${allowed}`,
    ]);
    const files = { '.env': 'WEBHOOK_URL=http://a.example/KEY\nHTTP_PROXY=a b\n' };
    expect(problemsOf({ env: LISTS, files })).toEqual([`HTTP_PROXY (.env line 2): *** ${allowed}`]);
    expect(problemsWith({ ...PLAIN, HTTPS_PROXY: 'socks5://proxy.example' })).toEqual([]);
    expect(problemsWith({ HTTPS_PROXY: 'socks5://proxy.example' })).toEqual([]);
  });

  it('have credentials that no log shows, in any form', () => {
    const secrets = secretsOfConfig(
      configWith({ ...SECURE, HTTPS_PROXY: 'http://operator:p%40ssword@proxy.example' }),
    );
    const basic = Buffer.from('operator:p@ssword').toString('base64');
    for (const secret of ['p%40ssword', 'p@ssword', basic]) expect(secrets).toContain(secret);
  });
});
