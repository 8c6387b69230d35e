import { describe, expect, it } from 'vitest';
import { toServerEntry } from '../../src/config/upstreams/server-entry.ts';
import { configOf, LISTS, load, problemsOf } from './loading.ts';

const upstreamWith = (options: string) =>
  configOf({ env: { ...LISTS, RPC_URLS: `https://a ${options}` } }).upstreams[0];
const problemsWith = (options: string, url = 'https://a') =>
  problemsOf({ env: { ...LISTS, RPC_URLS: `${url} ${options}` } });

describe('header=', () => {
  it('may be given more than once, and is percent-encoded where it must', () => {
    const read = upstreamWith('header=Authorization:Bearer%20a%2Cb header=x_1:%25%3a:#=');
    expect(read?.headers).toEqual([
      ['Authorization', 'Bearer a,b'],
      ['x_1', '%::#='],
    ]);
    expect(Object.isFrozen(read?.headers)).toBe(true);
    expect(read && toServerEntry(read)).toMatchObject({
      header: ['Authorization:Bearer%20a%2Cb', 'x_1:%25::%23='],
    });
  });

  it('loses the blanks around its value, as in HTTP', () => {
    expect(upstreamWith('header=A:%20b%20')?.headers).toEqual([['A', 'b']]);
  });

  it.each([
    ['header=', 'has header= without a value; allowed: header=NAME:VALUE'],
    ['header=K3Y', 'has header=***, with no colon; allowed: header=NAME:VALUE'],
    ['header=:K3Y', 'has header=***, with a name that is none of a header; allowed: header=NAME:VALUE'],
    ['header=a(b:K3Y', 'has header=***, with a name that is none of a header; allowed: header=NAME:VALUE'],
    ['header=X-Key:', 'has the header X-Key without a value; allowed: header=NAME:VALUE'],
    ['header=X-Key:%20', 'has the header X-Key without a value; allowed: header=NAME:VALUE'],
    ['header=K3Y:%', 'has the header with a stray %; allowed: %25 for a % in a value'],
    ['header=X-Key:K3Y%E9', 'has the header X-Key with a stray %; allowed: %25 for a % in a value'],
    ...['%0a', '%0D', '%00', '%09x', '%7f', '%C3%A9', 'é', '%E2%82%AC'].map((sign) => [
      `header=X-Key:K3Y${sign}x`,
      'has the header X-Key with a value that is not allowed; allowed: printable ASCII, with %20 for a blank and %2C for a comma',
    ]),
    [
      `header=X-Key:${'K3Y'.repeat(1366)}`,
      'has the header X-Key with a value of 4098 characters; allowed: up to 4096',
    ],
    ['header=X-Key:K3Y header=x-key:K3Y', 'has the header x-key twice; allowed: once'],
  ])('%j is refused', (options, problem) => {
    const problems = problemsWith(options);
    expect(problems).toEqual([`RPC_URLS (environment) entry 1: https://a ${problem}`]);
    expect(problems.join()).not.toContain('K3Y');
  });

  it.each([
    ...['Host', 'Content-Length', 'transfer-encoding', 'Content-Encoding', 'Connection', 'Keep-Alive'],
    ...['Upgrade', 'TE', 'Trailer', 'Expect', 'HTTP2-Settings', 'Proxy-Authorization', 'proxy-connection'],
    ...['Via', 'Forwarded', 'X-Forwarded-For', 'X_Forwarded_Host', 'X-Forwarded-Server', 'X-Real-IP'],
    ...['X-Request-Id', 'Accept-Encoding', 'Sec-WebSocket-Key', 'Sec-WebSocket-Protocol'],
  ])('is not for %s', (name) => {
    expect(problemsWith(`header=${name}:x`)).toEqual([
      expect.stringContaining('which is not for this option'),
    ]);
  });

  it('for Authorization is a problem beside a user-info', () => {
    expect(problemsWith('header=authorization:x', 'https://u:p@a')).toEqual([
      'RPC_URLS (environment) entry 1: https://a has the header authorization beside the user-info of its URL; allowed: one of them',
    ]);
    expect(problemsWith('header=X-Key:x', 'https://u:p@a')).toEqual([]);
  });

  it('makes no other server of the same URL', () => {
    const result = load({ env: { ...LISTS, RPC_URLS: 'https://a header=A:1, https://a header=A:2' } });
    expect(result).toMatchObject({ problems: [expect.stringContaining('the same URL')] });
  });
});
