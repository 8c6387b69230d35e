import { describe, expect, it } from 'vitest';
import { errorInWords } from '../../../src/sharing/redis/connection.ts';

describe('an error of Redis', () => {
  it.each([
    [
      'WRONGPASS invalid username-password pair or user is disabled.',
      'it refuses the user and password (WRONGPASS)',
    ],
    [
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      'it has no password, but REDIS_URL has one (ERR)',
    ],
    ['ERR Client sent AUTH, but no password is set', 'it has no password, but REDIS_URL has one (ERR)'],
    ['ERR DB index is out of range', 'it has no database of the number in REDIS_URL (ERR)'],
    ['ERR something of http://user:password@host', 'it answers with an error (ERR)'],
    ['what begins with no code', 'it answers with an error (ERR)'],
  ])('%j is told in words of our own', (message, words) => {
    expect(errorInWords(message)).toBe(words);
  });
});
