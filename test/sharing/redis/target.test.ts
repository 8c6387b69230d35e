// What REDIS_URL can say.
import { describe, expect, it } from 'vitest';
import { readRedisUrl, secretsOfRedisUrl, shownRedisUrl } from '../../../src/sharing/redis/target.ts';

const read = (text: string) => {
  const target = readRedisUrl(text);
  if (typeof target === 'string') throw new Error(target);
  return target;
};

describe('a URL of Redis', () => {
  it.each([
    ['redis://one', { form: 'server', at: { host: 'one', port: 6379 }, database: 0 }],
    ['rediss://[::1]:7000/2', { form: 'server', at: { host: '::1', port: 7000 }, database: 2 }],
    ['redis+unix:///run/a%20b.sock', { form: 'socket', path: '/run/a b.sock' }],
    [
      'redis+cluster://one:1,two',
      {
        form: 'cluster',
        nodes: [
          { host: 'one', port: 1 },
          { host: 'two', port: 6379 },
        ],
      },
    ],
    [
      'redis+sentinel://one,two:2/mymaster/3',
      {
        form: 'sentinel',
        sentinels: [
          { host: 'one', port: 26379 },
          { host: 'two', port: 2 },
        ],
        master: 'mymaster',
        database: 3,
      },
    ],
  ])('%s says where it is', (text, place) => {
    expect(read(text).place).toEqual(place);
    expect(read(text).tls).toBe(text.startsWith('rediss'));
  });

  it.each([
    ['redis://user:pa%40ss@one', { username: 'user', password: 'pa@ss' }],
    ['redis://:p:a@ss@one', { username: undefined, password: 'p:a@ss' }],
    ['rediss+cluster://user@one,two', { username: 'user', password: undefined }],
    ['redis://one', { username: undefined, password: undefined }],
  ])('%s says how to log in', (text, login) => {
    expect(read(text).login).toEqual(login);
  });

  it.each([
    ['redis://user:secret@one:6380/2', 'redis://one:6380/2'],
    ['rediss+cluster://:secret@one,two:2/', 'rediss+cluster://one,two:2'],
    ['redis+sentinel://:secret@one/mymaster/0', 'redis+sentinel://one/mymaster'],
    ['redis+unix://:secret@/run/redis.sock', 'redis+unix:///run/redis.sock'],
  ])('%s is shown as %s', (text, shown) => {
    expect(shownRedisUrl(text)).toBe(shown);
  });

  it('has its login as secrets, in each form', () => {
    expect(secretsOfRedisUrl('redis://us%2Fer:pa%40ss@one')).toEqual([
      'us%2Fer',
      'pa%40ss',
      'us/er',
      'pa@ss',
    ]);
    expect(secretsOfRedisUrl('redis://one')).toEqual([]);
  });

  it('that is wrong is not shown', () => {
    expect(shownRedisUrl('redis://user:secret@one two')).toBeUndefined();
    expect(readRedisUrl('redis://user:secret@one/secret')).not.toContain('secret');
  });
});
