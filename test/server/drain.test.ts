// How the listener stops: idle connections at once, the others after their answers or after the time is over.
import { describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { answer, Gate, held, silence } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { BigBody } from '../support/streams.ts';
import { until, within } from '../support/waiting.ts';

async function running(flags: readonly string[] = []) {
  const upstream = await FakeUpstream.start();
  const clock = new ManualClock();
  const app = await startApp({ primaries: [upstream], flags, clock });
  const sent = async (bytes: Buffer | string) => {
    const client = await RawClient.connect(app.port);
    client.send(bytes);
    return client;
  };
  return { upstream, clock, sent, ...app };
}

/** Resolves when nobody listens any more. */
async function closed(port: number): Promise<void> {
  const refuses = async () => {
    const client = await RawClient.connect(port).catch(() => undefined);
    client?.leave();
    return client === undefined;
  };
  await until(refuses, 'the end of listening');
}

describe('a drain', () => {
  it('closes idle connections at once and takes no new ones', async () => {
    const { app, port, sent } = await running();
    const used = await sent(requestBytes('GET /x'));
    await used.response();
    const stopped = app.stop();
    expect(await used.ended()).toBe('fin');
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
    await expect(RawClient.connect(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('gives a new connection a moment: its request is refused, but with an answer', async () => {
    const { app, upstream, clock, port } = await running();
    const [early, silent] = [await RawClient.connect(port), await RawClient.connect(port)];
    const stopped = app.stop();
    await closed(port);
    early.send(requestBytes('GET /x'));
    const response = await early.response();
    expect([response.status, response.header('connection')]).toEqual([503, 'close']);
    expect(JSON.parse(response.text)).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(silent.connection).toBe('open');
    clock.advance(500);
    expect(await silent.ended()).toBe('fin');
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
    expect(upstream.requests).toHaveLength(0);
  });

  it('goes on serving for SHUTDOWN_DELAY, each connection once more', async () => {
    const { app, clock, sent, port } = await running(['--shutdown-delay=5s']);
    const [used, idle] = [await sent(requestBytes('GET /before')), await sent(requestBytes('GET /before'))];
    for (const client of [used, idle])
      expect((await client.response()).header('connection')).not.toBe('close');
    const stopped = app.stop();
    const fresh = await RawClient.connect(port);
    for (const client of [used, fresh]) {
      client.send(requestBytes('GET /after'));
      const response = await client.response();
      expect([response.status, response.header('connection')]).toEqual([200, 'close']);
      expect(await client.ended()).toBe('fin');
    }
    expect(idle.connection).toBe('open');
    clock.advance(5_000);
    expect(await idle.ended()).toBe('fin');
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
  });

  it('answers all pipelined requests within SHUTDOWN_DELAY, and says with the last answer that it is the last', async () => {
    const { app, upstream, clock, sent } = await running(['--shutdown-delay=5s']);
    const gate = new Gate();
    upstream.use(held(gate, answer({ body: 'finished' })));
    const client = await sent(requestBytes('GET /before'));
    await upstream.arrived();
    const stopped = app.stop();
    client.send(Buffer.concat([requestBytes('GET /2'), requestBytes('GET /3')]));
    await upstream.arrived(3);
    gate.release();
    for (const isLast of [false, false, true]) {
      const response = await client.response();
      expect([response.text, response.header('connection') === 'close']).toEqual(['finished', isLast]);
    }
    expect(await client.ended()).toBe('fin');
    clock.advance(5_000);
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
  });

  it('lets answers in flight finish, with Connection: close', async () => {
    const { app, upstream, sent, port } = await running();
    const gate = new Gate();
    upstream.use(held(gate, answer({ body: 'finished' })));
    const clients = [await sent(requestBytes('GET /1')), await sent(requestBytes('GET /2'))];
    await upstream.arrived(2);
    const stopped = app.stop();
    await closed(port);
    gate.release();
    for (const client of clients) {
      const response = await client.response();
      expect([response.text, response.header('connection')]).toEqual(['finished', 'close']);
      expect(await client.ended()).toBe('fin');
    }
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
  });

  it('lets an answer finish whose head was out before', async () => {
    const { app, upstream, sent } = await running();
    upstream.use(new BigBody(20_000_000).behaviour);
    const client = await sent(requestBytes('GET /x'));
    client.socket.pause();
    await upstream.arrived();
    const stopped = app.stop();
    client.socket.resume();
    const response = await client.response();
    expect([response.body.length, response.complete]).toEqual([20_000_000, true]);
    expect(await client.ended()).toBe('fin');
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
  });

  it('answers each pipelined request that was taken before, and no more', async () => {
    const { app, upstream, sent } = await running();
    const gate = new Gate();
    upstream.next(held(gate, answer({ body: 'first' })));
    const client = await sent(requestBytes('GET /1'));
    await upstream.arrived();
    const stopped = app.stop();
    client.send(requestBytes('GET /late'));
    gate.release();
    expect((await client.response()).text).toBe('first');
    expect(await client.ended()).toBe('fin');
    expect(upstream.requests.map(({ target }) => target)).toEqual(['/1']);
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
  });

  it('answers all pipelined requests that are in flight, and closes after the last', async () => {
    const { app, upstream, sent } = await running();
    const gate = new Gate();
    upstream.use(held(gate, answer({ body: 'finished' })));
    const client = await sent(requestBytes('GET /1'));
    client.send(requestBytes('GET /2'));
    await upstream.arrived(2);
    const stopped = app.stop();
    gate.release();
    const [first, second] = [await client.response(), await client.response()];
    expect([first.text, second.text, second.header('connection')]).toEqual(['finished', 'finished', 'close']);
    expect(await client.ended()).toBe('fin');
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
  });

  it('cuts what is not finished after SHUTDOWN_TIMEOUT, and counts it', async () => {
    const { app, upstream, sent, clock } = await running(['--shutdown-timeout=9s', '--attempt-timeout=1h']);
    upstream.use(silence());
    const clients = [await sent(requestBytes('GET /1')), await sent(requestBytes('GET /2'))];
    const requests = [await upstream.arrived(), await upstream.arrived(2)];
    const stopped = app.stop();
    let isOver = false;
    void stopped.then(() => {
      isOver = true;
    });
    clock.advance(8_999);
    expect(clients.map(({ connection }) => connection)).toEqual(['open', 'open']);
    expect(isOver).toBe(false);
    clock.advance(1);
    expect(await within(stopped, 5_000, 'the end')).toBe(2);
    for (const client of clients) expect(await client.ended()).not.toBe('open');
    await within(Promise.all(requests.map(({ closed }) => closed)), 5_000, 'the ends upstream');
  });

  it('does not wait for a request that has only begun to arrive', async () => {
    const { app, sent, clock, port } = await running();
    const client = await sent('GET /x HTTP/1.1\r\nHost: a\r\n');
    await sent(requestBytes('GET /x')).then((other) => other.response());
    const stopped = app.stop();
    await closed(port);
    clock.advance(500);
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
    expect(await client.ended()).not.toBe('open');
  });
});

describe('SHUTDOWN_DELAY', () => {
  it('goes on serving while /readyz says that it is over', async () => {
    const { app, sent, clock, port } = await running(['--shutdown-delay=5s']);
    const stopped = app.stop();
    const ready = await (await sent(requestBytes('GET /readyz'))).response();
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      503,
      { status: 'not ready', reason: 'draining' },
    ]);
    expect((await (await sent(requestBytes('GET /x'))).response()).text).toBe('A');
    clock.advance(5_000);
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
    await expect(RawClient.connect(port)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('/readyz', () => {
  it('is 503 while nothing is usable', async () => {
    const { upstream, sent, clock } = await running(['--error-time-to-live-minutes=1']);
    const status = async () => (await (await sent(requestBytes('GET /readyz'))).response()).status;
    expect(await status()).toBe(200);
    upstream.use(answer({ status: 500 }));
    await (await sent(requestBytes('GET /x'))).response();
    expect(await status()).toBe(503);
    clock.advance(60_000);
    await until(async () => (await status()) === 200, 'readiness');
  });
});
