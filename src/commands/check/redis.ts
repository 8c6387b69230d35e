/** Whether Redis can be used, as far as can be found out without writing to it. */

import type { Clock } from '../../clock.ts';
import type { Config } from '../../config/config.ts';
import { createLookUp } from '../../network/look-up.ts';
import {
  type Connection,
  codeInWords,
  ErrorAnswer,
  type OpenConnection,
} from '../../sharing/redis/connection.ts';
import type { FoundRedis } from './found.ts';

/** For the connection, the login and two answers. */
const LIMIT_MS = 3_000;

/** Undefined without REDIS_URL; then nothing is loaded. Never rejects, and takes three seconds at most. */
export async function askRedis(
  { redisUrl, redisPrefix }: Pick<Config, 'redisUrl' | 'redisPrefix'>,
  clock: Clock,
): Promise<FoundRedis | undefined> {
  if (redisUrl === undefined) return undefined;
  const [{ opener }, { readRedisUrl }] = await Promise.all([
    import('../../sharing/redis/open.ts'),
    import('../../sharing/redis/target.ts'),
  ]);
  const target = readRedisUrl(redisUrl);
  // The settings were checked.
  if (typeof target === 'string') throw new Error(`REDIS_URL ${target}`);
  const problem = await problemWith(opener(target, createLookUp({ clock })), `${redisPrefix}:facts`, clock);
  return { shown: target.shown, problem };
}

async function problemWith(open: OpenConnection, key: string, clock: Clock): Promise<string | undefined> {
  const ending = new AbortController();
  const late = new Promise<string>((resolve) => {
    const cancel = clock.after(LIMIT_MS, () => resolve(`no answer within ${LIMIT_MS / 1_000} s`));
    ending.signal.addEventListener('abort', cancel);
  });
  const asked = open(() => {}, ending.signal).then((connection) => problemOf(connection, key));
  try {
    return await Promise.race([asked, late]);
  } catch (error) {
    return error instanceof Error ? error.message : 'it can’t be used';
  } finally {
    ending.abort();
  }
}

/** As a replica begins: it hears messages, and asks for the time and for how much is there. */
async function problemOf(connection: Connection, key: string): Promise<string | undefined> {
  await connection.subscribe(key, () => {});
  const answers = await connection.ask([['TIME'], ['HLEN', key]]);
  const refusal = answers.find((answer) => answer instanceof ErrorAnswer);
  return refusal && codeInWords(refusal.code);
}
