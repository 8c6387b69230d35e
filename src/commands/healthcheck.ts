import { type ClientRequest, get } from 'node:http';
import { get as getSecurely } from 'node:https';
import { isIPv6 } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';

const TIME_LIMIT_MS = 2_000;

/** Where time comes from and where the one line about a failure goes. */
export interface HealthcheckSurroundings {
  readonly clock: Clock;
  readonly print: (line: string) => void;
}

/**
 * Asks the daemon that runs with these settings whether it is ready. Resolves to the exit status: 0 when
 * `/readyz` answers 200 within two seconds, else 1 with one line that says why. Never rejects.
 */
export async function runHealthcheck(
  config: Config,
  { clock, print }: HealthcheckSurroundings = { clock: systemClock, print: (line) => console.error(line) },
): Promise<number> {
  if (!config.statusPaths) {
    print('not checked: STATUS_PATHS=off leaves nothing on the client port that could be asked');
    return 1;
  }
  if (config.port === 0) {
    print('not checked: PORT=0 takes any free port, so it is not known which one to ask');
    return 1;
  }
  const host = reachable(config.host);
  const scheme = config.tlsCertFile === undefined ? 'http' : 'https';
  const url = `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${config.port}/readyz`;
  const problem = await whatIsWrong(url, clock);
  if (problem === undefined) return 0;
  print(`not ready: GET ${url}: ${problem}`);
  return 1;
}

/** The address at which this machine reaches a listener: loopback for one that listens on every address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return /^[0:]+$/.test(host) ? '::1' : host;
}

function whatIsWrong(url: string, clock: Clock): Promise<string | undefined> {
  return new Promise((resolve) => {
    const ask = url.startsWith('https:') ? getSecurely : get;
    // It is our own certificate, made for the name that clients use: who answers here is not in question.
    const request: ClientRequest = ask(url, { agent: false, rejectUnauthorized: false }, (response) => {
      finish(response.statusCode === 200 ? undefined : `status ${response.statusCode}`);
    });
    const cancelTimer = clock.after(TIME_LIMIT_MS, () => finish(`no answer within ${TIME_LIMIT_MS} ms`));
    const finish = (problem: string | undefined): void => {
      cancelTimer();
      resolve(problem);
      request.destroy();
    };
    // Stays attached: a request destroyed after its answer may still report an error, which nobody awaits.
    // The code, because several addresses refused at once make an error without a message.
    request.on('error', (error) => finish('code' in error ? String(error.code) : error.message));
  });
}
