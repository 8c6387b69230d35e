// Which protocols are passed on, and what becomes of requests for others.
import { beforeEach, describe, expect, it } from 'vitest';
import { answer } from '../support/behaviours.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import {
  askFor,
  askForWebSocket,
  switchProtocol,
  TunnelClient,
  WEBSOCKET_LINES,
} from '../support/tunnel-client.ts';
import { asked, names, Pair } from './upgrades.ts';

const pair = await Pair.start();
const { first, app } = pair;

beforeEach(() => pair.reset());

describe('a protocol that is no WebSocket', () => {
  it('is tunnelled too, without a key', async () => {
    first.use(
      switchProtocol({ protocol: 'IRC/6.9', head: 'welcome', talk: (socket) => socket.pipe(socket) }),
    );
    const client = await TunnelClient.open(app.port, askFor('irc/6.9, chat'));
    expect((await client.head()).header('upgrade')).toBe('IRC/6.9');
    client.socket.write(' echo');
    await client.has('welcome echo');
    expect((await first.arrived()).header('upgrade')).toBe('irc/6.9, chat');
  });

  it.each(['h2c', 'H2C', 'HTTP/2.0', 'TLS/1.2', 'h2'])('is left out when it is %s', async (protocol) => {
    first.use(answer({ body: 'an ordinary answer' }));
    const response = await asked(askFor(protocol, ['HTTP2-Settings: AAMAAABkAAQAAP__']), app);
    expect([response.status, response.text]).toEqual([200, 'an ordinary answer']);
    expect(names((await first.arrived()).headerLines)).not.toContain('upgrade');
  });

  it('is left out of several', async () => {
    await TunnelClient.open(app.port, requestBytes('GET /', [...WEBSOCKET_LINES, 'Upgrade: h2c']));
    expect((await first.arrived()).headers('upgrade')).toEqual(['websocket']);
  });

  it('is not asked for by an HTTP/1.0 request', async () => {
    first.use(answer({ body: 'ordinary' }));
    const bytes = Buffer.from(askForWebSocket().toString('latin1').replace('HTTP/1.1', 'HTTP/1.0'));
    const response = await asked(bytes, app);
    expect([response.status, response.text]).toEqual([200, 'ordinary']);
  });

  it('h2c with a body is an ordinary request on a connection that stays', async () => {
    first.use(answer({ body: 'ordinary' }));
    const client = await RawClient.connect(app.port);
    for (let n = 1; n <= 2; n += 1) {
      client.send(requestBytes('POST /', ['Connection: Upgrade', 'Upgrade: h2c'], 'the body'));
      expect((await client.response()).text).toBe('ordinary');
    }
    expect(first.requests.map(({ body }) => body.toString())).toEqual(['the body', 'the body']);
  });

  it('h2c without a body has nothing behind it taken for a request', async () => {
    first.use(answer({ body: 'ordinary' }));
    const client = await RawClient.connect(app.port);
    const hidden = requestBytes('GET /hidden');
    client.send(Buffer.concat([askFor('h2c'), requestBytes('POST /', ['Content-Length: 500']), hidden]));
    expect((await client.response()).text).toBe('ordinary');
    client.socket.write(hidden);
    expect(await client.ended()).toBe('fin');
    expect(first.requests.map(({ target }) => target)).toEqual(['/']);
  });
});

describe('on the same connection', () => {
  it('the requests before it get their answers first', async () => {
    first.next(answer({ body: 'one' }), answer({ body: 'two' }));
    first.use(switchProtocol({ head: 'at last' }));
    const client = await TunnelClient.send(
      app.port,
      Buffer.concat([requestBytes('GET /1'), requestBytes('GET /2'), askForWebSocket('/3')]),
    );
    await client.has('at last');
    const [one, two, three] = client.received.toString('latin1').split('HTTP/1.1 ');
    expect([one, two?.slice(0, 3), three?.slice(0, 3)]).toEqual(['one', '200', '101']);
  });

  it('/stats is answered whatever protocol is asked for', async () => {
    const response = await asked(askForWebSocket('/stats'), app);
    expect([response.status, JSON.parse(response.text)]).toMatchObject([200, [{ name: 'first' }, {}]]);
    expect(first.requests).toHaveLength(0);
  });
});
