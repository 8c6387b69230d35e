/** The types of the values of settings about sharing. */

import { z } from 'zod';
import { readRedisUrl } from '../../sharing/redis/target.ts';

/** Where Redis is; the value is the text, which `readRedisUrl` reads. */
export function redisAddress() {
  const schema = z
    .string()
    .trim()
    .transform((text, context) => {
      const read = readRedisUrl(text);
      if (typeof read !== 'string') return text;
      context.addIssue({ code: 'custom', message: read });
      return z.NEVER;
    });
  return {
    schema,
    allowed:
      'redis://HOST:PORT/DATABASE with a user:password@ before the host where it is needed, rediss:// for TLS, redis+cluster://HOST:PORT,HOST:PORT, redis+sentinel://HOST:PORT,HOST:PORT/MASTER, or redis+unix:///PATH',
  };
}

/** What names of keys begin with. */
export function keyPrefix() {
  return {
    schema: z
      .string()
      .trim()
      .regex(/^[\w.:{}-]{1,64}$/),
    allowed: 'up to 64 letters, digits and . _ - : { }',
  };
}
