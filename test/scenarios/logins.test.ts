// NTLM and Negotiate log in a connection, not a request: nobody else's request may go over it afterwards.
import { describe, expect, it } from 'vitest';
import { isConnectionLogin } from '../../src/http/header-lines.ts';
import { startSecureApp } from '../server/secure.ts';
import { startApp } from '../support/app.ts';
import { answer } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { Http2Client } from '../support/http2-client.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';

const challenge = (scheme: string) =>
  answer({
    status: 401,
    headers: [
      ['WWW-Authenticate', 'Basic realm="a, b"'],
      ['WWW-Authenticate', scheme],
    ],
  });

async function clientsOf(port: number, count: number) {
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(port)));
  const ask = async (index: number, ...lines: string[]) => {
    clients[index]?.send(requestBytes('GET /x', lines));
    return (await clients[index]?.response())?.status;
  };
  return { clients, ask };
}

describe('a connection with a login', () => {
  it('goes on for the client connection that has logged in, and for no other one', async () => {
    const upstream = await FakeUpstream.start('A');
    const app = await startApp({ primaries: [upstream] });
    const { ask } = await clientsOf(app.port, 2);
    upstream.next(challenge('NTLM'), challenge('NTLM TlRMTVNTUAACAAAA'));
    expect(await ask(0)).toBe(401);
    expect(await ask(0, 'Authorization: NTLM TlRMTVNTUAABAAAA')).toBe(401);
    expect(await ask(1)).toBe(200);
    expect(await ask(0, 'Authorization: NTLM TlRMTVNTUAADAAAA')).toBe(200);
    expect(await ask(0)).toBe(200);
    expect(await ask(1)).toBe(200);
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([1, 1, 2, 1, 1, 2]);
  });

  it('is shared with nobody, also where the login came with the first request', async () => {
    const upstream = await FakeUpstream.start('A');
    const app = await startApp({ primaries: [upstream] });
    const { clients, ask } = await clientsOf(app.port, 3);
    expect(await ask(0, 'Authorization: negotiate YIIB')).toBe(200);
    clients[0]?.leave();
    expect(await ask(1)).toBe(200);
    expect(await ask(2)).toBe(200);
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([1, 2, 2]);
  });

  it('ends with its answer where the client speaks HTTP/2', async () => {
    const upstream = await FakeUpstream.start('A');
    const app = await startSecureApp({ primaries: [upstream] });
    const client = await Http2Client.connect(app.port);
    upstream.next(challenge('Negotiate'));
    expect((await client.request('/x')).status).toBe(401);
    expect((await client.request('/x')).status).toBe(200);
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([1, 2]);
  });
});

it.each([
  ['NTLM', true],
  ['Negotiate oXQ=', true],
  ['negotiate', true],
  ['Basic realm="x", NTLM', true],
  ['Basic TlRMTQ==', false],
  ['Bearer ntlm', false],
  ['Digest realm="negotiate"', false],
  ['Negotiate-2 x', false],
])('%s: %s', (value, logsIn) => {
  expect(isConnectionLogin(value)).toBe(logsIn);
});
