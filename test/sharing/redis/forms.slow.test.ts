// Redis in all its forms: behind a socket, with TLS, as a cluster, behind sentinels, and older than RESP3.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createLookUp } from '../../../src/network/look-up.ts';
import { FactTable } from '../../../src/sharing/fact-table.ts';
import { connectRedis } from '../../../src/sharing/redis/index.ts';
import { opener } from '../../../src/sharing/redis/open.ts';
import { readRedisUrl } from '../../../src/sharing/redis/target.ts';
import { linesInto } from '../../support/app.ts';
import { Authority, folder, pairFiles } from '../../support/certificates.ts';
import { type LogLine, startBalancer } from '../../support/daemon.ts';
import { releaseAfterwards } from '../../support/leftovers.ts';
import { freePort, isRedisInstalled, RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/waiting.ts';

const isThere = isRedisInstalled || process.env['CI'] === 'true';

function replica(url: string, name: string) {
  const target = readRedisUrl(url);
  if (typeof target === 'string') throw new Error(target);
  const logs: LogLine[] = [];
  const table = new FactTable({ clock: systemClock, origin: `${name}.0` });
  const sharing = connectRedis({
    ...{
      table,
      target,
      prefix: 'lb',
      open: opener(target, createLookUp({ clock: systemClock })),
      clock: systemClock,
      random: Math.random,
    },
    logger: pino({ base: null }, linesInto(logs)),
  });
  releaseAfterwards(() => sharing.close());
  return { table, sharing, logs };
}

/** Two replicas tell each other by messages, one that comes later reads the hash, and one alone may tell operators. */
async function share(url: string) {
  const [a, b] = [replica(url, 'a'), replica(url, 'b')];
  for (const { sharing } of [a, b]) await until(() => sharing.isUp, 'Redis', 15_000);
  a.table.put('out x', { reason: 'auth' }, 60_000);
  await until(() => b.table.get('out x'), 'the fact at the other');
  expect(await a.sharing.claims.claim('pool:kind', ['n'], 5_000)).toBeUndefined();
  expect(await b.sharing.claims.claim('pool:kind', [], 5_000)).toMatchObject({ subjects: ['n'] });
  const late = () => replica(url, `late ${Math.random()}`);
  await until(() => {
    const { table } = late();
    return until(() => table.get('out x'), 'the fact at the late one', 500).catch(() => undefined);
  }, 'the fact in the hash');
  return { a, b };
}

describe.runIf(isThere)('replicas share', () => {
  it('through a socket of the machine', async () => {
    const redis = await RedisServer.start(({ folder }) => [`unixsocket ${folder}/redis.sock`]);
    await share(`redis+unix://${redis.folder}/redis.sock`);
  });

  it('over TLS, with a certificate that is trusted, and not with another one', async () => {
    const authority = new Authority();
    const tlsPort = await freePort();
    const ca = join(folder(), 'ca.crt');
    writeFileSync(ca, authority.cert);
    await RedisServer.start(({ folder: own }) => {
      const { certFile, keyFile } = pairFiles(authority.certify(['127.0.0.1']), own);
      const files = [`tls-cert-file ${certFile}`, `tls-key-file ${keyFile}`, `tls-ca-cert-file ${ca}`];
      return [`tls-port ${tlsPort}`, 'tls-auth-clients no', ...files];
    });
    const start = (env: Readonly<Record<string, string>>) =>
      startBalancer({
        primaries: ['http://127.0.0.1:9'],
        env: { REDIS_URL: `rediss://127.0.0.1:${tlsPort}`, ...env },
      });
    const [right, wrong] = [await start({ NODE_EXTRA_CA_CERTS: ca }), await start({})];
    await right.logged(({ msg }) => msg === 'Shares with other replicas through Redis', 'Redis');
    const { problem } = await wrong.logged(({ msg }) => /^Redis does not work/.test(msg ?? ''), 'a warning');
    expect(problem).toMatch(/^no connection \([A-Z_]*(?:CERT|SIGNATURE|ISSUER)[A-Z_]*\)$/);
  });

  it('through a database of their own', async () => {
    const redis = await RedisServer.start();
    await share(`redis://localhost:${redis.port}/3`);
    expect(redis.cli('-n', '3', 'exists', 'lb:facts')).toBe('1');
    expect(redis.cli('exists', 'lb:facts')).toBe('0');
  });

  it('through one that knows no HELLO, as before version 6, and no MEMORY', async () => {
    const redis = await RedisServer.start(() => ['rename-command HELLO ""', 'rename-command MEMORY ""']);
    await share(redis.url);
  });

  it('with a user who may do no more than what is needed', async () => {
    const rules = '~lb:* &lb:facts -@all +time +hlen +hset +hdel +hgetall +pexpire +publish +subscribe +ping';
    const redis = await RedisServer.start(() => [
      `user lb on >word ${rules} +memory|usage +set +get +pttl +del`,
    ]);
    await share(redis.url.replace('//', '//lb:word@'));
  });

  it('through a cluster, and again when its node is back', async () => {
    const redis = await RedisServer.start(() => ['cluster-enabled yes', 'cluster-node-timeout 2000']);
    redis.cli('cluster', 'addslotsrange', '0', '16383');
    await until(() => redis.cli('cluster', 'info').includes('cluster_state:ok'), 'the cluster', 20_000);
    const { a, b } = await share(`redis+cluster://127.0.0.1:${redis.port}`);
    await redis.stop();
    await until(() => !a.sharing.isUp && !b.sharing.isUp, 'the loss', 15_000);
    await redis.begin();
    for (const { sharing } of [a, b]) await until(() => sharing.isUp, 'Redis again', 20_000);
    a.table.put('out y', {}, 60_000);
    await until(() => b.table.get('out y'), 'the fact at the other', 10_000);
    expect(a.logs.map(({ msg }) => msg)).toHaveLength(3);
  });

  it('through the master that sentinels name, and the next one when it is gone', async () => {
    const master = await RedisServer.start();
    const other = await RedisServer.start(() => [`replicaof 127.0.0.1 ${master.port}`]);
    await until(
      () => other.cli('info', 'replication').includes('master_link_status:up'),
      'the replica',
      20_000,
    );
    const sentinel = await RedisServer.start(
      () => [
        `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
        'sentinel down-after-milliseconds mymaster 1000',
        'sentinel failover-timeout mymaster 3000',
      ],
      ['--sentinel'],
    );
    await until(
      () => sentinel.cli('sentinel', 'replicas', 'mymaster').includes(`${other.port}`),
      'both',
      20_000,
    );
    const { a, b } = await share(`redis+sentinel://127.0.0.1:${sentinel.port}/mymaster`);
    await master.stop();
    await until(() => other.cli('role').startsWith('master'), 'the next master', 30_000);
    for (const { sharing } of [a, b]) await until(() => sharing.isUp, 'Redis again', 30_000);
    a.table.put('out y', {}, 60_000);
    await until(() => b.table.get('out y'), 'the fact at the other', 15_000);
    await until(() => Number(other.cli('hlen', 'lb:facts')) >= 2, 'the facts at the next master', 15_000);
  });
});
