// Keys in paths, queries, user-info and the webhook's address, and every failure that might tell of them.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  cutBody,
  cutJson,
  garbage,
  htmlPage,
  refuseRate,
  resetAfterRequest,
  rpcError,
  silence,
} from '../support/behaviours.ts';
import { type Daemon, runDaemon, startBalancer, startDaemon } from '../support/daemon.ts';
import { FakeUpstream, NO_SUCH_HOST, releasedPort } from '../support/fake-upstream.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const SECRETS = [
  'pathKey11',
  'queryKey22',
  'userName33',
  'passWord44',
  'hookKey55',
  'clientKey66',
  'headerKey77',
];
const BASIC = Buffer.from('userName33:passWord44').toString('base64');

const withSecrets = (url: string) =>
  `${url.replace('http://', 'http://userName33:passWord44@')}/v2/pathKey11?key=queryKey22 header=X-Api-Key:headerKey77`;

function secretsIn(text: string): string[] {
  return [...SECRETS, BASIC].filter((secret) => text.includes(secret));
}

const failures: [string, Behaviour][] = [
  ['nothing', answer({ body: 'fine' })],
  ['a reset', resetAfterRequest()],
  ['silence', silence()],
  ['a cut body', cutBody('rst', 200_000, 100_000)],
  ['a cut JSON', cutJson()],
  ['garbage', garbage()],
  ['HTML', htmlPage(502)],
  ['a rate limit', refuseRate('1')],
  ['a wrong key', rpcError({ code: -32600, message: 'Must be authenticated!' }, 401)],
];

let upstream: FakeUpstream;
let daemon: Daemon;
/** Everything that came back from the daemon in this test. */
let seen = '';

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  const env = {
    SLACK_WEBHOOK_URL: `http://127.0.0.1:${await releasedPort()}/services/hookKey55`,
    ERROR_TIME_TO_LIVE_MINUTES: '0.0001',
    ATTEMPT_TIMEOUT: '100ms',
    LOG_LEVEL: 'trace',
    HEALTH_CHECK: 'http',
    HEALTH_CHECK_INTERVAL: '200ms',
  };
  const nameless = withSecrets(`http://${NO_SUCH_HOST}`);
  daemon = await startBalancer({ primaries: [withSecrets(upstream.url)], fallbacks: [nameless], env });
});

beforeEach(() => {
  seen = '';
});

const noted = async (work: Promise<{ text: string; headers: unknown }>) => {
  const response = await work.catch((error) => ({ text: `${error}`, headers: '' }));
  seen += response.text + JSON.stringify(response.headers);
};

describe('no secret shows', () => {
  it.each(failures)('when the upstream gives %s', async (_, behaviour) => {
    upstream.use(behaviour);
    await noted(post(`${daemon.url}/?apikey=clientKey66`, '{"jsonrpc":"2.0","id":1,"method":"eth_call"}'));
    await noted(http(`${daemon.url}/x?apikey=clientKey66`));
    await noted(http(`${daemon.url}/stats`));
    expect(secretsIn(seen)).toEqual([]);
  });

  it('to a client whose request is refused', async () => {
    for (const target of ['/../x', `/${'y'.repeat(9_000)}`]) {
      const response = await rawRequest(daemon.port, requestBytes(`GET ${target}`));
      seen += response.headerLines.join() + response.text;
    }
    expect(secretsIn(seen)).toEqual([]);
  });

  it('in the log, down to the last detail', async () => {
    await daemon.logged(({ msg }) => /alert/i.test(`${msg}`), 'that the alert was not sent');
    await daemon.stop();
    expect(daemon.logs().length).toBeGreaterThan(20);
    expect(secretsIn(daemon.stdout + daemon.stderr)).toEqual([]);
  });

  it('for a person to read', async () => {
    const pretty = await startDaemon({
      args: [`--backends=${withSecrets(upstream.url)}`],
      env: {
        SLACK_WEBHOOK_URL: 'http://127.0.0.1:9/services/hookKey55',
        LOG_LEVEL: 'trace',
        HEALTH_CHECK: 'off',
      },
    });
    upstream.use(resetAfterRequest());
    await rpc(pretty.url, 'eth_call');
    await until(() => pretty.stdout.includes('Quarantined'), 'the quarantine');
    expect(secretsIn(pretty.stdout + pretty.stderr)).toEqual([]);
  });

  it('among the problems of the settings, nor in their check', async () => {
    const webhook = 'https://hooks.slack.test/services/hookKey55';
    const runs = await Promise.all([
      runDaemon(['--check', `--backends=${withSecrets(upstream.url)}`, `--slack-webhook-url=${webhook}`]),
      runDaemon([], {
        RPC_URLS: `${withSecrets('http://a')}#f, ${withSecrets('ftp://a')}`,
        FALLBACK_RPC_URLS: 'none',
      }),
      runDaemon([], {
        RPC_URLS: `${withSecrets('http://a')},${withSecrets('http://a')}`,
        FALLBACK_RPC_URLS: 'none',
      }),
      runDaemon([], {
        RPC_URLS: `${withSecrets('http://a')} weight=0 colour=red`,
        FALLBACK_RPC_URLS: 'none',
      }),
      runDaemon([], { RPC_URLS: 'userName33:passWord44@pathKey11', SLACK_WEBHOOK_URL: 'hookKey55' }),
      runDaemon([`--bakends=${withSecrets('http://a')}`]),
    ]);
    expect(runs.map(({ code }) => code).slice(1)).toEqual([1, 1, 1, 1, 1]);
    expect(secretsIn(runs.map(({ stdout, stderr }) => stdout + stderr).join(''))).toEqual([]);
  });
});
