import { describe, expect, it } from 'vitest';
import { createLog, createMask, type Logger } from '../src/log.ts';
import { secretsOf } from '../src/secret-texts.ts';
import { linesInto } from './support/app.ts';

const ADDRESS =
  'https://us%65rname:p%40ssw%C3%B6rd@eth.example:8545/v2/KEY%2D123456/deep?apikey=QUERY%2B456&t=TOK%20EN789';
const WEBHOOK = 'https://hooks.slack.com/services/T00000000/B11111111/abcdefghijklmnop';
const secrets = [...secretsOf(new URL(ADDRESS)), ...secretsOf(new URL(WEBHOOK))];

/** Logs with these secrets and gives the lines as objects. */
async function lines(write: (logger: Logger) => void, level = 'info') {
  // What a test expects of a line it checks itself.
  const found: { time: string; msg: string; err: { type: string; message: string; stack: string } }[] = [];
  const { logger, flush } = await createLog({ level, format: 'json', secrets, to: linesInto(found) });
  write(logger);
  flush();
  return found;
}

describe('the mask hides', () => {
  const mask = createMask(secrets);

  it.each([
    ['the path', '/v2/KEY%2D123456/deep'],
    ['the path with the query', '/v2/KEY%2D123456/deep?apikey=QUERY%2B456&t=TOK%20EN789'],
    ['a segment of the path', 'KEY%2D123456'],
    ['a segment of the path, decoded', 'KEY-123456'],
    ['the query', 'apikey=QUERY%2B456&t=TOK%20EN789'],
    ['a value of the query', 'QUERY%2B456'],
    ['a value of the query, decoded', 'QUERY+456'],
    ['another value of the query', 'TOK%20EN789'],
    ['another value of the query, decoded', 'TOK EN789'],
    ['the user', 'us%65rname'],
    ['the user, decoded', 'username'],
    ['the password', 'p%40ssw%C3%B6rd'],
    ['the password, decoded', 'p@sswörd'],
    ['the path of the webhook', '/services/T00000000/B11111111/abcdefghijklmnop'],
    ['a part of the webhook', 'abcdefghijklmnop'],
  ])('%s', (_, secret) => {
    expect(mask(`before "${secret}" after ${secret}`)).toBe('before "***" after ***');
  });

  it.each([
    ['an upstream’s URL', ADDRESS, 'https://eth.example:8545'],
    ['the webhook', WEBHOOK, 'https://hooks.slack.com'],
    ['a URL that nobody named as secret', 'http://u:p@other.example/KEY?k', 'http://other.example'],
  ])('%s but for scheme, host and port', (_, url, shown) => {
    expect(mask(`can't reach ${url} or "${url}" or <${url}> now`)).toBe(
      `can't reach ${shown} or "${shown}" or <${shown}> now`,
    );
  });

  it('the longer of two secrets of which one holds the other', () => {
    expect(createMask(['secret', 'secret-and-more'])('secret-and-more, secret')).toBe('***, ***');
  });

  it('nothing that is short enough to stand in innocent texts', () => {
    const short = createMask(secretsOf(new URL('https://a:b@eth.example/v2/api?k=v')));
    expect(short('GET v2 api k=v a b')).toBe('GET v2 api k=v a b');
  });
});

describe('a log line', () => {
  it('names its level and its time, and neither process nor machine', async () => {
    const [line] = await lines((logger) => logger.warn({ id: 'x' }, 'Something'));
    expect(line).toEqual({ level: 'warn', time: expect.any(String), id: 'x', msg: 'Something' });
    const { time = '' } = line ?? {};
    expect(new Date(time).toISOString()).toBe(time);
  });

  it('is left out below the level', async () => {
    expect(await lines((logger) => logger.info('Something'), 'warn')).toEqual([]);
  });

  it('masks the message and the stack of an error, and those of its causes', async () => {
    const cause = new Error(`getaddrinfo for ${ADDRESS}`);
    const error = new Error('can not read /v2/KEY%2D123456/deep', { cause });
    const [line] = await lines((logger) => logger.error({ err: error }, 'It failed'));
    expect(line?.err.type).toBe('Error');
    expect(line?.err.message).toContain('can not read ***');
    expect(line?.err.stack).toContain('log.test');
    expect(JSON.stringify(line)).not.toMatch(/KEY|ssw|QUERY|TOK/);
  });

  it('masks what has become a secret since', async () => {
    const found: { err?: { message?: string } }[] = [];
    const log = await createLog({ level: 'info', format: 'json', secrets, to: linesInto(found) });
    const first = secrets[0] ?? '';
    log.logger.error({ err: new Error(`${first} lateKey88`) });
    log.hide(['lateKey88']);
    log.logger.error({ err: new Error(`${first} lateKey88`) });
    log.flush();
    expect(found.map(({ err }) => err?.message)).toEqual(['*** lateKey88', '*** ***']);
  });

  it('masks a secret in the path or the method of a client, also one that it has become since', async () => {
    const found: { path?: string; rpcMethod?: string }[] = [];
    const log = await createLog({ level: 'info', format: 'json', secrets, to: linesInto(found) });
    const write = () => {
      log.logger.info({ path: '/V2/key-123456/deep', rpcMethod: 'tok en789_x' }, 'Request');
      log.logger.info({ path: '/rpc/lateKey88', rpcMethod: 'lateKey88' }, 'Request');
    };
    write();
    log.hide(['lateKey88']);
    write();
    log.logger.info({ path: undefined, rpcMethod: 'eth_call' }, 'Request');
    log.flush();
    expect(found.map(({ path, rpcMethod }) => [path, rpcMethod])).toEqual([
      ['***', '***_x'],
      ['/rpc/lateKey88', 'lateKey88'],
      ['***', '***_x'],
      ['/rpc/***', '***'],
      [undefined, 'eth_call'],
    ]);
  });

  it('shows paths and methods that clients make up, however many', async () => {
    const paths = Array.from({ length: 1_100 }, (_, at) => `/x/${at}`);
    const found: { path?: string }[] = [];
    const log = await createLog({ level: 'info', format: 'json', secrets, to: linesInto(found) });
    for (const path of paths) log.logger.info({ path }, 'Request');
    log.flush();
    expect(found.map(({ path }) => path)).toEqual(paths);
  });

  it('leaves out what else an error carries', async () => {
    const error = Object.assign(new Error('failed'), { url: ADDRESS, config: { headers: 'Bearer x' } });
    const [line] = await lines((logger) => logger.error({ err: error }, 'It failed'));
    expect(Object.keys(line?.err ?? {}).sort()).toEqual(['message', 'stack', 'type']);
  });

  it.each([
    ['a text', 'no error: KEY%2D123456', 'no error: ***'],
    ['undefined', undefined, undefined],
    ['null', null, 'null'],
    ['a number', 7, '7'],
  ])('can tell of %s that was thrown', async (_, thrown, shown) => {
    const [line] = await lines((logger) => logger.error({ err: thrown }, 'It failed'));
    expect([line?.msg, line?.err]).toEqual(['It failed', shown]);
  });
});

describe('standard output', () => {
  it.each(['json', 'pretty'] as const)('can be opened and flushed in the format %s', async (format) => {
    const { logger, flush } = await createLog({ level: 'silent', format, secrets: [] });
    logger.fatal('Never seen');
    expect(flush).not.toThrow();
  });
});
