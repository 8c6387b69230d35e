// Alerts of a daemon over real sockets: what is away or refuses is tried again, proxies, the test message, no secrets.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { GATHER_MS } from '../../src/notifiers/group.ts';
import { AdminClient, refusalIn } from '../support/admin-client.ts';
import { balanceHere } from '../support/app.ts';
import { answer, rpcError } from '../support/behaviours.ts';
import { Authority, folder } from '../support/certificates.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { type Balancer, startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import {
  answers,
  type FakeWebhook,
  neverAnswers,
  startFakeWebhook,
  takesIt,
} from '../support/fake-webhook.ts';
import { rpc } from '../support/http-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/waiting.ts';

const SECRET = /seCret/;

let upstream: FakeUpstream;
let slack: FakeWebhook;

beforeEach(async () => {
  upstream = await FakeUpstream.start('one', answer({ status: 500 }));
  slack = await startFakeWebhook();
});

const balancing = (env: Record<string, string>) => ({
  primaries: [`${upstream.url}/seCretPath name=one`],
  env: { SLACK_WEBHOOK_URL: slack.url, ADMIN_PORT: '0', ...env },
});

const start = (env: Record<string, string> = {}, clock?: Clock) =>
  balanceHere({ ...balancing(env), ...(clock && { clock }) });

const ask = (daemon: Balancer) => rpc(daemon.url, 'eth_blockNumber');

function outputOf(daemon: Balancer): string {
  return JSON.stringify(daemon.logs());
}

describe('a critical alert', () => {
  it('is sent again when Slack answers 429 with Retry-After, and counted once', async () => {
    let asked = 0;
    slack.answer = (response) => {
      asked += 1;
      (asked === 1 ? answers(429, 'rate_limited', { 'retry-after': '1' }) : takesIt)(response);
    };
    const clock = new ManualClock();
    const daemon = await start({}, clock);
    await ask(daemon);
    await daemon.logged(({ msg }) => msg === 'Alert not sent', 'the refusal');
    clock.advance(1_250);
    await slack.received(2);
    await daemon.logged(({ msg }) => msg === 'Alerts are sent again', 'the recovery');
    expect(slack.texts.every((text) => /^🚨 CRITICAL /u.test(text))).toBe(true);
    const metrics = (await new AdminClient(daemon.adminUrl).get('/metrics')).text;
    expect(metrics).toContain('rpc_lb_alerts_total{kind="all-upstreams-failed"} 1\n');
    expect(metrics).toContain('rpc_lb_alerts_lost_total{notifier="slack"} 0\n');
    const lines = daemon.logs().filter(({ msg }) => /^Alert/.test(`${msg}`));
    expect(lines.map(({ msg }) => msg)).toEqual(['Alert not sent', 'Alert sent', 'Alerts are sent again']);
    expect(outputOf(daemon)).not.toMatch(SECRET);
  });

  it('reaches the other receiver while one hangs, as JSON', async () => {
    slack.answer = neverAnswers;
    const webhook = await startFakeWebhook();
    const daemon = await start({ WEBHOOK_URL: webhook.url, PUBLIC_ADMIN_URL: 'https://lb.example/ops/' });
    await ask(daemon);
    await webhook.received(1);
    expect(webhook.bodies[0]).toEqual({
      kind: 'all-upstreams-failed',
      severity: 'critical',
      pool: 'default',
      text: expect.stringContaining('no upstream gives a usable answer'),
      upstreams: expect.any(Array),
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      link: 'https://lb.example/ops',
    });
    expect(JSON.stringify(webhook.bodies)).not.toMatch(/seCret|127\.0\.0\.1/);
  });

  it('is given up at once, counted and logged when the webhook was revoked', async () => {
    slack.answer = answers(404, 'no_service');
    const daemon = await start();
    await ask(daemon);
    const line = await daemon.logged(({ msg }) => msg === 'Alert lost', 'the loss');
    expect(line).toMatchObject({ notifier: 'slack', kind: 'all-upstreams-failed' });
    const metrics = (await new AdminClient(daemon.adminUrl).get('/metrics')).text;
    expect(metrics).toContain('rpc_lb_alerts_lost_total{notifier="slack"} 1\n');
    expect(outputOf(daemon)).not.toMatch(SECRET);
  });
});

it('an alert names those that an operator has drained, before the start or since', async () => {
  const others = await Promise.all(['two', 'three'].map((name) => FakeUpstream.start(name)));
  const lists = join(folder(), 'servers.json');
  const env = { PERSIST_SERVERS: lists };
  const primaries = [upstream, ...others].map(({ url, label }) => `${url} name=${label}`);
  const first = await balanceHere({ primaries, env: { ...env, ADMIN_PORT: '0' } });
  await new AdminClient(first.adminUrl).patch('/servers/two', { draining: true });
  const daemon = await balanceHere({ ...balancing(env), primaries });
  await new AdminClient(daemon.adminUrl).patch('/servers/three', { draining: true });
  await ask(daemon);
  await slack.received(1);
  expect(slack.texts[0]).toContain('- two (primary) is drained by an operator\n- three (primary) is drained');
  expect(slack.texts[0]).toMatch(/What to do: two, three: take it back into service .*; one: see whether/);
});

it('three upstreams that refuse their key are one message', async () => {
  const refusing = await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      FakeUpstream.start(name, rpcError({ code: -32600, message: 'Must be authenticated!' }, 401)),
    ),
  );
  const clock = new ManualClock();
  const daemon = await balanceHere({
    clock,
    primaries: refusing.map(({ url, label }) => `${url} name=${label}`),
    fallbacks: [(await FakeUpstream.start('spare')).url],
    env: { SLACK_WEBHOOK_URL: slack.url, ERROR_TIME_TO_LIVE_MINUTES: '60' },
  });
  await until(async () => {
    await ask(daemon);
    return (await daemon.stats()).filter(({ reason }) => reason === 'auth').length === 3;
  }, 'three refusals');
  clock.advance(GATHER_MS);
  const about = () => slack.texts.filter((text) => text.includes('our key or plan'));
  await until(() => about().length > 0, 'the message');
  expect(about()).toHaveLength(1);
  for (const name of ['a', 'b', 'c'])
    expect(about()[0]).toContain(`${name} (primary) refuses our key (auth)`);
});

it('a proxy of HTTPS_PROXY carries the alerts to an https webhook, never a request, and is not written anywhere', async () => {
  const authority = new Authority();
  const authorityFile = join(folder(), 'ca.pem');
  writeFileSync(authorityFile, authority.cert);
  const secure = await startFakeWebhook(authority.certify(['127.0.0.1']));
  const proxy = await startConnectProxy();
  const daemon = await startBalancer(
    balancing({
      SLACK_WEBHOOK_URL: secure.url,
      NODE_EXTRA_CA_CERTS: authorityFile,
      HTTPS_PROXY: `http://operator:seCretWord@127.0.0.1:${proxy.port}`,
      HTTP_PROXY: `http://127.0.0.1:${await releasedPort()}`,
      LOG_LEVEL: 'trace',
    }),
  );
  await ask(daemon);
  await secure.received(1);
  const authorization = `Basic ${Buffer.from('operator:seCretWord').toString('base64')}`;
  expect(proxy.asked).toEqual([{ target: new URL(secure.url).host, authorization }]);
  proxy.refusal = 407;
  const admin = new AdminClient(daemon.adminUrl);
  const refused = await admin.post('/alerts/test');
  expect(refused.json()).toMatchObject({ detail: 'slack: the proxy answered HTTP 407' });
  const config = (await admin.get('/config')).text;
  expect(daemon.stdout + daemon.stderr + config + refused.text).not.toMatch(/seCret|b3BlcmF0b3I6/);
});

describe('POST /alerts/test', () => {
  it('sends a test message by each notifier and names them', async () => {
    const webhook = await startFakeWebhook();
    const daemon = await start({ WEBHOOK_URL: webhook.url });
    const admin = new AdminClient(daemon.adminUrl);
    const answered = await admin.post('/alerts/test');
    expect([answered.status, answered.json()]).toEqual([200, { sent: ['slack', 'webhook'] }]);
    expect(slack.texts[0]).toMatch(/^⚠️ Test: (?!.*Clients get)/su);
    expect(webhook.bodies[0]).toMatchObject({ kind: 'test', severity: 'warning', pool: null, link: null });
    expect((await admin.get('/metrics')).text).toContain('rpc_lb_alerts_total{kind="test"} 2\n');
    expect(refusalIn(await admin.post('/alerts/test', { now: true }))).toEqual([400, 'INVALID_INPUT']);
    webhook.answer = answers(500, 'seCretBody');
    const failed = await admin.post('/alerts/test');
    expect(refusalIn(failed)).toEqual([502, 'ALERTS_NOT_SENT']);
    expect(failed.json()).toMatchObject({ detail: 'webhook: the webhook answered HTTP 500' });
    expect(failed.text + outputOf(daemon)).not.toMatch(SECRET);
  });

  it('is 409 when no notifier is set up', async () => {
    const daemon = await balanceHere({ primaries: [upstream], env: { ADMIN_PORT: '0' } });
    const refused = await new AdminClient(daemon.adminUrl).post('/alerts/test');
    expect(refusalIn(refused)).toEqual([409, 'NO_NOTIFIER']);
  });
});
