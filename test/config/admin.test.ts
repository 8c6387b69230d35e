import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../src/config/loopback.ts';
import { maskedSettings } from '../../src/config/masked-settings.ts';
import { LISTS, load, problemsOf, problemsWith } from './loading.ts';

describe('the admin port', () => {
  it.each(['0.0.0.0', '::', '192.168.1.2', 'lb.internal', 'localhost.evil.example'])(
    'is not opened on %s without a token',
    (host) => {
      expect(problemsWith({ ADMIN_HOST: host })).toEqual([
        `ADMIN_HOST (environment): "${host}" can be reached from elsewhere and there is no ADMIN_TOKEN; allowed: a loopback address such as 127.0.0.1, or any with ADMIN_TOKEN`,
      ]);
      expect(problemsWith({ ADMIN_HOST: host, ADMIN_TOKEN: 'secret' })).toEqual([]);
      expect(problemsWith({ ADMIN_HOST: host, ADMIN_PORT: 'off' })).toEqual([]);
    },
  );

  it.each([
    ['0.0.0.0', '127.0.0.1', true],
    ['::', '127.0.0.1', true],
    ['0.0.0.0', '::1', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.2', '127.0.0.1', false],
    ['localhost', '127.0.0.1', true],
    ['::1', 'localhost', true],
    ['10.0.0.1', '127.0.0.1', false],
    ['lb.internal', '127.0.0.1', false],
  ])('with the port of clients on %s and on %s itself: a problem is %s', (HOST, ADMIN_HOST, isProblem) => {
    const problems = problemsWith({ HOST, ADMIN_HOST, PORT: '9090' });
    expect(problems).toEqual(
      isProblem ? ['ADMIN_PORT (default): "9090" is PORT; allowed: another port, or off'] : [],
    );
    expect(problemsWith({ HOST, ADMIN_HOST, PORT: '0', ADMIN_PORT: '0' })).toEqual([]);
    expect(problemsWith({ HOST, ADMIN_HOST, PORT: '9090', ADMIN_PORT: 'off' })).toEqual([]);
  });

  it('is not that of the redirect either', () => {
    const problems = problemsWith({ HTTP_REDIRECT_PORT: '7070', ADMIN_PORT: '7070' });
    expect(problems).toContain(
      'ADMIN_PORT (environment): "7070" is HTTP_REDIRECT_PORT; allowed: another port, or off',
    );
  });

  it('is no matter to a health check, which may not know all of the daemon’s settings', () => {
    const env = { ADMIN_HOST: '0.0.0.0', PERSIST_SERVERS: 'no-such-folder/lists.json' };
    expect(problemsOf({ argv: ['--healthcheck'], env })).toEqual([]);
  });
});

describe('the token', () => {
  it.each(['two words', 'eth.example foo', 'http://x.example/ü', 'ü'])(
    'is not shown when %j is refused',
    (token) => {
      expect(problemsWith({ ADMIN_TOKEN: token })).toEqual([
        'ADMIN_TOKEN (environment): *** is not allowed; allowed: up to 1024 letters, digits and signs of ASCII, without blanks',
      ]);
    },
  );

  it('is hidden among the masked settings', () => {
    const result = load({ env: { ...LISTS, ADMIN_TOKEN: 'eth.example' } });
    if (!result.ok) throw new Error(result.problems.join());
    const rows = maskedSettings(result.config, result.sources);
    expect(rows).toContainEqual(['ADMIN_TOKEN', '***', 'environment']);
    expect(JSON.stringify(rows)).not.toContain('eth.example');
  });
});

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.255.255.254', true],
    ['128.0.0.1', false],
    ['0.0.0.0', false],
    ['127.0.0.1.evil.example', false],
    ['127.1', false],
    ['0x7f000001', false],
    ['::1', true],
    ['0:0:0:0:0:0:0:1', true],
    ['::1%eth0', false],
    ['::', false],
    ['::ffff:127.0.0.1', false],
    ['fe80::1', false],
    ['localhost', true],
    ['LOCALHOST', true],
    ['localhost.', false],
    ['evil.localhost', false],
    ['localhost.evil.example', false],
    ['', false],
  ])('of %j is %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
