// Where there are several pools, an outage of one is none of the others.
import { expect, it } from 'vitest';
import { PoolIdentity, UpstreamIdentity } from '../../src/events.ts';
import { requestFinished, setUp } from './set-up.ts';

function poolNamed(name: string): PoolIdentity {
  const pool = new PoolIdentity(name);
  pool.shown = name;
  return pool;
}

it('alerts tell of their pool, each in its own cool-down', async () => {
  const { announce, sent } = setUp();
  const base = poolNamed('base');
  const polygon = poolNamed('polygon');
  await announce(requestFinished({ pool: base, result: 'failed', code: 'ALL_UPSTREAMS_FAILED' }));
  await announce(requestFinished({ pool: base, result: 'failed', code: 'ALL_UPSTREAMS_FAILED' }));
  await announce(requestFinished({ pool: polygon, result: 'failed', code: 'ALL_UPSTREAMS_FAILED' }));
  await announce(requestFinished({ pool: polygon, upstream: new UpstreamIdentity('p', 'primary', polygon) }));
  expect(sent.map(({ severity, text }) => `${severity} ${text.split(':')[0]}`)).toEqual([
    'critical CRITICAL [lb-1, production] pool base',
    'critical CRITICAL [lb-1, production] pool polygon',
    'resolved RESOLVED [lb-1, production] pool polygon',
  ]);
});

it('an alert names those who are out in its own pool', async () => {
  const { announce, sent } = setUp();
  const base = poolNamed('base');
  const polygon = poolNamed('polygon');
  for (const pool of [base, polygon]) {
    const upstream = new UpstreamIdentity(`a-${pool.name}`, 'primary', pool);
    await announce({ type: 'upstream-down', upstream, reason: 'probe-failed', problem: 'refused' });
  }
  await announce(
    requestFinished({ pool: base, result: 'failed', status: 502, code: 'ALL_UPSTREAMS_FAILED' }),
  );
  expect(sent.at(-1)?.upstreams.map(({ name }) => name)).toEqual(['a-base']);
  expect(sent.at(-1)?.pool).toBe('base');
});

it('requests that were under way when their pool was removed open no alert, which nothing would end', async () => {
  const { announce, severities } = setUp();
  const base = poolNamed('base');
  const failed = requestFinished({ pool: base, result: 'failed', code: 'ALL_UPSTREAMS_FAILED' });
  await announce(requestFinished({ pool: base, upstream: new UpstreamIdentity('a', 'primary', base) }));
  await announce({ type: 'pool-removed', pool: base, name: 'base' }, failed);
  expect(severities()).toEqual([]);
});
