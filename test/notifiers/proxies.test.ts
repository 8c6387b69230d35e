// Webhooks behind a proxy, over real sockets.
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { NO_PROXIES } from '../../src/notifiers/notifier.ts';
import { createSlackNotifier } from '../../src/notifiers/slack.ts';
import { createWebhookNotifier } from '../../src/notifiers/webhook.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { releasedPort } from '../support/fake-upstream.ts';
import { startFakeWebhook } from '../support/fake-webhook.ts';
import { alertLike } from './set-up.ts';

const { signal } = new AbortController();

it.each([
  ['Slack', createSlackNotifier],
  ['the webhook', createWebhookNotifier],
])('%s is reached through it, with its credentials', async (_, create) => {
  const [webhook, proxy] = [await startFakeWebhook(), await startConnectProxy()];
  const http = `http://operator:p%40ss@127.0.0.1:${proxy.port}`;
  await create(webhook.url, systemClock, { ...NO_PROXIES, http }).send(alertLike(), signal);
  expect(webhook.bodies).toHaveLength(1);
  const authorization = `Basic ${Buffer.from('operator:p@ss').toString('base64')}`;
  expect(proxy.asked).toEqual([{ target: new URL(webhook.url).host, authorization }]);
});

it.each(['127.0.0.1', '*', '.example, 127.0.0.1'])(
  'it is left aside for the hosts of NO_PROXY: %s',
  async (except) => {
    const [webhook, proxy] = [await startFakeWebhook(), await startConnectProxy()];
    const http = `http://127.0.0.1:${proxy.port}`;
    await createSlackNotifier(webhook.url, systemClock, { ...NO_PROXIES, http, except }).send(
      alertLike(),
      signal,
    );
    expect(webhook.bodies).toHaveLength(1);
    expect(proxy.asked).toEqual([]);
  },
);

it.each(['::1', '[::1]', '0:0:0:0:0:0:0:1', '.example [::1]:PORT', 'fe80::1%eth0,::1'])(
  'it is left aside for an IPv6 address of NO_PROXY: %s',
  async (stated) => {
    const proxy = await startConnectProxy();
    const http = `http://127.0.0.1:${proxy.port}`;
    const port = await releasedPort();
    const except = stated.replace('PORT', `${port}`);
    const url = `http://[::1]:${port}/`;
    const create = createWebhookNotifier(url, systemClock, { ...NO_PROXIES, http, except });
    await expect(create.send(alertLike(), signal)).rejects.toThrow('could not be reached');
    expect(proxy.asked).toEqual([]);
  },
);

it('it is used for other IPv6 addresses than that of NO_PROXY', async () => {
  const proxy = await startConnectProxy();
  proxy.refusal = 403;
  const proxies = { ...NO_PROXIES, http: `http://127.0.0.1:${proxy.port}`, except: '::2, [::1]:7' };
  const notifier = createWebhookNotifier('http://[::1]:8545/', systemClock, proxies);
  await expect(notifier.send(alertLike(), signal)).rejects.toThrow('the proxy answered HTTP 403');
});

it('it is that of the scheme of the webhook, and of nobody else', async () => {
  const [webhook, proxy] = [await startFakeWebhook(), await startConnectProxy()];
  const https = `http://127.0.0.1:${proxy.port}`;
  const variables = { HTTP_PROXY: https, HTTPS_PROXY: https, NO_PROXY: 'nothing.example' };
  Object.assign(process.env, variables);
  try {
    await createSlackNotifier(webhook.url, systemClock, { ...NO_PROXIES, https }).send(alertLike(), signal);
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
  expect(webhook.bodies).toHaveLength(1);
  expect(proxy.asked).toEqual([]);
});

it('one that refuses, or is not there, is told of, and the alert may be tried again', async () => {
  const [webhook, proxy] = [await startFakeWebhook(), await startConnectProxy()];
  proxy.refusal = 407;
  const secret = 'http://operator:seCretWord@127.0.0.1';
  const refused = createSlackNotifier(webhook.url, systemClock, {
    ...NO_PROXIES,
    http: `${secret}:${proxy.port}`,
  });
  await expect(refused.send(alertLike(), signal)).rejects.toMatchObject({
    message: 'the proxy answered HTTP 407',
    isFinal: false,
  });
  const http = `${secret}:${await releasedPort()}`;
  const gone = createSlackNotifier(webhook.url, systemClock, { ...NO_PROXIES, http });
  await expect(gone.send(alertLike(), signal)).rejects.toMatchObject({
    message: 'the webhook, or its proxy, could not be reached (ECONNREFUSED)',
    isFinal: false,
  });
});
