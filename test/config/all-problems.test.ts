import { describe, expect, it } from 'vitest';
import { LISTS, load, problemsOf } from './loading.ts';

describe('problems', () => {
  it('are reported all together, one line each', () => {
    const problems = problemsOf({
      argv: ['--bogus', '--host=two words', '--config=c.json'],
      env: { RPC_URLS: 'http://a, ftp://b, http://a', PORT: 'x', REQUEST_TIMEOUT: '30' },
      files: {
        '.env': 'MAX_BODY=1kb\nMAX_REPLAY_BODY=2kb\nLOG_LEVEL=loud',
        'c.json': '{"prot": 1, "maxBatch": 0}',
      },
    });
    const expected = [
      /^--bogus: /,
      /^key "prot" of c\.json: /,
      /^HOST \(flag --host\): /,
      /^PORT \(environment\): /,
      /^REQUEST_TIMEOUT \(environment\): /,
      /^LOG_LEVEL \(\.env line 3\): /,
      /^MAX_BATCH \(key "maxBatch" of c\.json\): /,
      /^MAX_REPLAY_BODY \(\.env line 2\): /,
      /^RPC_URLS \(environment\) entry 2: /,
      /^RPC_URLS \(environment\) entry 3: .*same URL/,
    ];
    for (const line of expected) expect(problems.filter((problem) => line.test(problem))).toHaveLength(1);
    expect(problems.some((problem) => problem.includes('\n'))).toBe(false);
  });

  it('come with no Config', () => {
    expect(load({ env: { ...LISTS, PORT: 'x' } })).not.toHaveProperty('config');
  });
});

describe('no problem shows a secret', () => {
  const URLS = [
    'ftp://user:SECRET@eth.example/SECRET?SECRET#SECRET',
    'user:SECRET@eth.example/SECRET',
    'https:/eth.example/SECRET',
    'https:///SECRET',
    'https://user:SECRET/x@eth.example',
    'https://user:%zzSECRET@eth.example/SECRET',
    'https://eth.example/SECRET#SECRET',
    'https://eth.example/SECRET SECRET',
    'https://eth.example/ SECRET=x',
    'https://eth.example/SECRET name=SE:CRET',
    'https://eth.example/SECRET weight=SECRET',
    'https://eth.example/SECRET https://two.example/SECRET',
    'SECRET',
    '"https://eth.example/SECRET"',
    'https://eth.example/SECRET, https://eth.example/SECRET',
  ];

  it.each(URLS)('of the list %s', (text) => {
    const results = [
      problemsOf({ env: { RPC_URLS: text, FALLBACK_RPC_URLS: 'none' } }),
      problemsOf({ env: { RPC_URLS: 'http://a', FALLBACK_RPC_URLS: text } }),
      problemsOf({ argv: [`--backends=${text}`] }),
      problemsOf({ argv: ['--config=c'], files: { c: JSON.stringify({ servers: text.split(', ') }) } }),
    ];
    for (const problems of results) {
      expect(problems).not.toHaveLength(0);
      expect(problems.join('\n')).not.toMatch(/SECRET|SE:CRET/i);
    }
  });

  it('when a comma in a query tears an entry apart', () => {
    const problems = problemsOf({ argv: ['--backends=https://eth.example/?a=1,SECRET'] });
    expect(problems).toEqual([
      expect.stringMatching(/^RPC_URLS \(flag --backends\) entry 2: \*{3} is no URL/),
    ]);
  });

  it.each([
    ['SLACK_WEBHOOK_URL', 'hooks.slack.example/SECRET'],
    ['SLACK_WEBHOOK_URL', 'https:/hooks.slack.example/SECRET'],
    ['SLACK_WEBHOOK_URL', 'SECRET'],
    ['STRATEGY', 'https://eth.example/SECRET'],
    ['HOST', 'user:SECRET@eth.example'],
    ['HEALTH_CHECK_PATH', '/health?key=SECRET x'],
    ['HEALTH_CHECK_PATH', 'https:/eth.example/SECRET'],
  ])('in %s=%s', (name, value) => {
    const problems = problemsOf({ env: { ...LISTS, [name]: value } });
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toMatch(/SECRET/i);
  });

  it.each([
    [['--https://eth.example/SECRET']],
    [['--rpc-url=https://eth.example/SECRET']],
    [['--rpc-url', 'https://eth.example/SECRET']],
    [['--backends=http://a,', 'https://eth.example/SECRET']],
    [['--check=https://eth.example/SECRET']],
    [['--slack-webhook-url=SECRET']],
  ])('on the command line %j', (argv) => {
    const problems = problemsOf({ argv, env: LISTS });
    expect(problems).not.toHaveLength(0);
    expect(problems.join()).not.toMatch(/SECRET/i);
  });

  it.each([
    '{"https://eth.example/SECRET": 1}',
    '{"slackWebhookUrl": ["SECRET"]}',
    '{"servers": ["http://a/SECRET" "x"]}',
  ])('in the JSON file %s', (text) => {
    const problems = problemsOf({ argv: ['--config=c'], env: LISTS, files: { c: text } });
    expect(problems).not.toHaveLength(0);
    expect(problems.join()).not.toMatch(/SECRET/i);
  });
});
