import { describe, expect, it } from 'vitest';
import { configOf, LISTS, load, problemsOf } from './loading.ts';

describe('flags', () => {
  it.each([
    ['two dashes and =', ['--port=3030', '--backends=http://a,http://b']],
    ['one dash and =', ['-port=3030', '-backends=http://a,http://b']],
    ['two dashes and a blank', ['--port', '3030', '--backends', 'http://a,http://b']],
    ['one dash and a blank', ['-port', ':3030', '-backends', 'http://a, http://b']],
  ])('work with %s', (_form, argv) => {
    const config = configOf({ argv });
    expect(config.port).toBe(3030);
    expect(config.upstreams.map((upstream) => upstream.name)).toEqual(['a', 'b']);
  });

  it('keep a = within a value', () => {
    const config = configOf({ argv: ['--backends=http://a/?x=1&y=2 name=z weight=2'] });
    expect(config.upstreams[0]).toMatchObject({ name: 'z', weight: 2, url: new URL('http://a/?x=1&y=2') });
  });

  it('set what their names say in kebab-case', () => {
    const argv = ['--health-check-interval=5s', '--error-time-to-live-minutes=2', '--slack-cooldown=0s'];
    expect(configOf({ argv, env: LISTS })).toMatchObject({
      healthCheckIntervalMs: 5_000,
      errorTimeToLiveMs: 120_000,
      slackCooldownMs: 0,
    });
  });

  it.each([
    ['unknown', ['--bogus=1'], '--bogus: unknown flag; allowed: the flags that --help lists'],
    [
      'unknown, with its value apart',
      ['--bogus', '1'],
      '--bogus: unknown flag; allowed: the flags that --help lists',
    ],
    [
      'an option of an upstream',
      ['--rps=5'],
      '--rps: unknown flag; allowed: the flags that --help lists; rps is an option of an upstream: URL rps=…',
    ],
    [
      'misspelt',
      ['-prot=1'],
      '--prot: unknown flag; allowed: the flags that --help lists, --port is the nearest',
    ],
    [
      'of the wrong case',
      ['--PORT=1'],
      '--PORT: unknown flag; allowed: the flags that --help lists, --port is the nearest',
    ],
    [
      'a key in the wrong place',
      ['--apiKey4f7Qx91Zk'],
      'argument 1: unknown flag; allowed: the flags that --help lists',
    ],
    ['repeated', ['--port=1', '-port', '2'], 'PORT (flag --port): it is given twice; allowed: once'],
    ['repeated, without a value', ['--check', '-check'], 'flag --check: it is given twice; allowed: once'],
    [
      'without a value',
      ['--port'],
      'PORT (flag --port): it has no value; allowed: a port from 0 to 65535 (0 takes any free one)',
    ],
    [
      'with an empty value',
      ['--port='],
      'PORT (flag --port): it has no value; allowed: a port from 0 to 65535 (0 takes any free one)',
    ],
    [
      'of a file without a name',
      ['--env-file='],
      'flag --env-file: it has no value; allowed: the name of a file',
    ],
    [
      'before another flag',
      ['--config', '--check'],
      'flag --config: it has no value; allowed: the name of a file',
    ],
    ['that takes no value', ['--check=yes'], 'flag --check: it takes no value; allowed: --check'],
    [
      'a format that there is not',
      ['--check', '--format=xml'],
      'flag --format: "xml" is not allowed; allowed: text or json',
    ],
    [
      'a format without a value',
      ['--check', '--format='],
      'flag --format: it has no value; allowed: text or json',
    ],
    [
      'a format of another command',
      ['--format=json'],
      'flag --format: it is about what --check prints; allowed: with --check',
    ],
    [
      'wrong',
      ['--port=x'],
      'PORT (flag --port): "x" is not allowed; allowed: a port from 0 to 65535 (0 takes any free one)',
    ],
  ])('that are %s are a problem', (_kind, argv, problem) => {
    expect(problemsOf({ argv, env: LISTS })).toEqual([problem]);
  });

  it.each([[['start']], [['--check', 'http://user:KEY@a/KEY']], [['--']], [['-']], [['--=x']]])(
    'are all that is taken: %j is a problem',
    (argv) => {
      expect(problemsOf({ argv, env: LISTS })).toEqual([
        `argument ${argv.length} is no flag; allowed: --NAME=VALUE, in quotes where the value has blanks`,
      ]);
    },
  );
});

describe('the command', () => {
  it.each([
    [[], 'run'],
    [['--check'], 'check'],
    [['-healthcheck'], 'healthcheck'],
    [['--version'], 'version'],
    [['--help'], 'help'],
    [['-h'], 'help'],
  ] as const)('of %j is %s', (argv, command) => {
    expect(load({ argv, env: LISTS })).toMatchObject({ ok: true, command });
  });

  it('is known also where the settings are wrong', () => {
    expect(load({ argv: ['--help', '--bogus'] })).toMatchObject({ ok: false, command: 'help' });
  });

  it.each([
    [['--check'], 'text'],
    [['--check', '--format=text'], 'text'],
    [['--format', 'json', '--check'], 'json'],
    [['--check', '--format=json', '--bogus'], 'json'],
  ] as const)('of %j prints %s', (argv, format) => {
    expect(load({ argv, env: LISTS })).toMatchObject({ command: 'check', format });
  });

  it('is only one', () => {
    expect(problemsOf({ argv: ['--check', '--healthcheck'], env: LISTS })).toEqual([
      '--healthcheck and --check: allowed: one of them',
    ]);
  });

  it('healthcheck needs no lists, which the daemon may have got on its own command line', () => {
    expect(load({ argv: ['--healthcheck'], env: { PORT: '3030' } })).toMatchObject({
      ok: true,
      config: { port: 3030, upstreams: [] },
    });
  });
});
