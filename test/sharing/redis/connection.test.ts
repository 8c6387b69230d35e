import { expect, it } from 'vitest';
import { codeInWords, codeOf } from '../../../src/sharing/redis/connection.ts';

it.each([
  ['WRONGPASS invalid username-password pair or user is disabled.', /user and password \(WRONGPASS\)/],
  ['ERR AUTH <password> called without any password configured for the default user.', /no password/],
  ['ERR Client sent AUTH, but no password is set', /no password/],
  ['ERR invalid password', /no password, or another one than REDIS_URL/],
  ['ERR DB index is out of range', /no database of the number in REDIS_URL/],
  ['ERR unknown command SECRET', /^it answers with an error \(ERR\)$/],
  ['secret', /^it answers with an error \(ERR\)$/],
])('An error of Redis is told in plain words: %s', (message, words) => {
  expect(codeInWords(codeOf(message))).toMatch(words);
});
