// A listener that gets other limits while it serves.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { ListenerSettings } from '../../src/server/limits.ts';
import { Listener } from '../../src/server/listener.ts';
import { Http2Client } from '../support/http2-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until, within } from '../support/waiting.ts';
import { authority } from './secure.ts';

const LIMITS: ListenerSettings = {
  clientHeaderTimeoutMs: 60_000,
  clientBodyTimeoutMs: 60_000,
  clientKeepAliveMs: 60_000,
  maxHeaderSizeBytes: 4_096,
  maxUrlBytes: 2_048,
  maxConnections: 1_000,
};
/** Over the outer bound of the parser, with what LIMITS say. */
const LARGE = requestBytes('GET /', [`X: ${'x'.repeat(20_000)}`]);
const SHORT = { clientHeaderTimeoutMs: 100, clientKeepAliveMs: 100 };

/** Resolves when the other side has closed it. */
async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  socket.resume();
  if (!socket.closed) await within(once(socket, 'close'), 10_000, 'the end of a connection');
}

function opened(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  releaseAfterwards(() => socket.destroy());
  return socket;
}

async function listening(tls = false): Promise<{ listener: Listener; port: number }> {
  const pair = authority.certify(['localhost', '127.0.0.1']);
  const listener = new Listener(
    LIMITS,
    systemClock,
    (_request, response) => {
      response.writeHead(200, ['Content-Length', '2']);
      response.end(Buffer.from('ok'));
    },
    tls ? { tls: { pair, minVersion: '1.2' } } : undefined,
  );
  const { port } = await listener.listen(0, '127.0.0.1');
  releaseAfterwards(() => listener.drain(1));
  return { listener, port };
}

/** What the server announces, as soon as it has; until then a client takes it for unlimited. */
function maxListOf({ session }: Http2Client): Promise<number> {
  const read = () => session.remoteSettings.maxHeaderListSize ?? 2 ** 32;
  return until(() => read() < 2 ** 31 && read(), 'the settings of the server');
}

let listener: Listener;
let port: number;

describe('over plain HTTP', () => {
  beforeEach(async () => {
    ({ listener, port } = await listening());
  });

  async function statusOf(bytes: Buffer, client?: RawClient): Promise<number> {
    const used = client ?? (await RawClient.connect(port));
    used.send(bytes);
    return (await used.response()).status;
  }

  it('a larger head passes, and then no longer', async () => {
    expect(await statusOf(LARGE)).toBe(431);
    listener.setLimits({ ...LIMITS, maxHeaderSizeBytes: 32_768 });
    expect(await statusOf(LARGE)).toBe(200);
    listener.setLimits(LIMITS);
    expect(await statusOf(LARGE)).toBe(431);
  });

  it('a connection that is idle ends sooner, also one that is open', async () => {
    const client = await RawClient.connect(port);
    expect(await statusOf(requestBytes('GET /'), client)).toBe(200);
    listener.setLimits({ ...LIMITS, ...SHORT });
    expect(await statusOf(requestBytes('GET /'), client)).toBe(200);
    await within(client.ended(), 10_000, 'the end of an idle connection');
  });

  it('a head takes less time', async () => {
    listener.setLimits({ ...LIMITS, ...SHORT });
    const client = await RawClient.connect(port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n');
    expect((await client.response()).status).toBe(408);
  });

  it('fewer connections are accepted, and those that are open stay', async () => {
    const first = await RawClient.connect(port);
    expect(await statusOf(requestBytes('GET /'), first)).toBe(200);
    listener.setLimits({ ...LIMITS, maxConnections: 1 });
    await closed(opened(port));
    expect(await statusOf(requestBytes('GET /'), first)).toBe(200);
  });
});

describe('over TLS', () => {
  beforeEach(async () => {
    ({ listener, port } = await listening(true));
  });

  it('a handshake takes less time', async () => {
    listener.setLimits({ ...LIMITS, ...SHORT });
    await closed(opened(port));
  });

  it('HTTP/2 has other limits for the next connection', async () => {
    const before = await Http2Client.connect(port);
    const announced = await maxListOf(before);
    listener.setLimits({ ...LIMITS, ...SHORT, maxHeaderSizeBytes: 8_192 });
    const after = await Http2Client.connect(port);
    expect(await maxListOf(after)).toBe(announced + 4_096);
    await within(after.closed, 10_000, 'the end of an idle connection');
    expect(before.session.destroyed).toBe(false);
  });
});
