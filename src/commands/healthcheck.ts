/** The command `--healthcheck`: asks the daemon that runs with these settings whether it is ready. */

import { type ClientRequest, get } from 'node:http';
import { get as getSecurely } from 'node:https';
import { isIPv6 } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';

const TIME_LIMIT_MS = 2_000;

/** Where time comes from and where the one line about a failure goes. */
export interface HealthcheckEnvironment {
  readonly clock: Clock;
  readonly print: (line: string) => void;
}

/**
 * Resolves to the exit status: 0 when `/readyz` answers 200 within two seconds, otherwise 1 with one line that says
 * why. Never rejects.
 */
export async function runHealthcheck(
  config: Config,
  { clock, print }: HealthcheckEnvironment = { clock: systemClock, print: (line) => console.error(line) },
): Promise<number> {
  const request = readinessRequest(config);
  if (typeof request === 'string') {
    print(`not checked: ${request}`);
    return 1;
  }
  const problem = await findProblem(request, clock);
  if (problem === undefined) return 0;
  print(`not ready: GET ${request.url}: ${problem}`);
  return 1;
}

/** The GET that is sent to the daemon. */
interface ReadinessRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** To the client port, or to the admin port when the former has no status paths. A text: why neither can be asked. */
function readinessRequest(config: Config): ReadinessRequest | string {
  const { adminPort, adminToken } = config;
  if (config.statusPaths) {
    if (config.port === 0) return 'PORT=0 takes any free port, so it is not known which one to ask';
    const scheme = config.tlsCertFile === undefined ? 'http' : 'https';
    return { url: urlOf(scheme, config.host, config.port), headers: {} };
  }
  if (adminPort === undefined) return 'STATUS_PATHS=off and ADMIN_PORT=off leave nothing that could be asked';
  if (adminPort === 0) return 'ADMIN_PORT=0 takes any free port, so it is not known which one to ask';
  const headers = adminToken === undefined ? {} : { Authorization: `Bearer ${adminToken}` };
  return { url: urlOf('http', config.adminHost, adminPort), headers };
}

function urlOf(scheme: string, listenHost: string, port: number): string {
  const host = reachable(listenHost);
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}/readyz`;
}

/** The address at which this machine reaches a listener: loopback when it listens on every address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return /^[0:]+$/.test(host) ? '::1' : host;
}

/** Sends the request; resolves to what is wrong, undefined when the daemon is ready. */
function findProblem({ url, headers }: ReadinessRequest, clock: Clock): Promise<string | undefined> {
  return new Promise((resolve) => {
    const ask = url.startsWith('https:') ? getSecurely : get;
    // It is our own certificate, made for the name that clients use: there is no doubt about which server answers here.
    const request: ClientRequest = ask(
      url,
      { agent: false, headers, rejectUnauthorized: false },
      (response) => {
        finish(response.statusCode === 200 ? undefined : `status ${response.statusCode}`);
      },
    );
    const cancelTimer = clock.after(TIME_LIMIT_MS, () => finish(`no answer within ${TIME_LIMIT_MS} ms`));
    const finish = (problem: string | undefined): void => {
      cancelTimer();
      resolve(problem);
      request.destroy();
    };
    // Stays attached: a request destroyed after its answer may still report an error, which is not awaited.
    // The code, because several addresses refused at once make an error without a message.
    request.on('error', (error) => finish('code' in error ? String(error.code) : error.message));
  });
}
