// Connections to upstreams are kept, and /stats tells how well that goes.
import { describe, expect, it } from 'vitest';
import { answer } from '../support/behaviours.ts';
import { Authority } from '../support/certificates.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { post } from '../support/http-client.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { TlsUpstream } from '../support/tls-upstream.ts';

const CLIENTS = 10;
const EACH = 100;
const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}';

describe('connections to an upstream', () => {
  it('serve 99 of 100 requests under steady load', async () => {
    const upstream = await FakeUpstream.start();
    const daemon = await startBalancer({ primaries: [upstream] });
    const client = async () => {
      const connection = await RawClient.connect(daemon.port);
      for (let count = 0; count < EACH; count++) {
        connection.send(requestBytes('POST /', ['Content-Type: application/json'], CALL));
        expect((await connection.response()).status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const [row] = await daemon.stats();
    expect(row?.requests).toBe(CLIENTS * EACH);
    expect(row?.connections_opened).toBe(upstream.connections);
    expect(row?.connections_opened).toBeLessThanOrEqual((CLIENTS * EACH) / 100);
  });

  it('serve 99 of 100 requests by TLS, too, small and large ones', async () => {
    const upstream = await TlsUpstream.start(new Authority().certify(['localhost']));
    const daemon = await startBalancer({ primaries: [`${upstream.url()} insecure=true`] });
    for (const body of ['body', 'x'.repeat(500_000)]) {
      for (let count = 0; count < EACH; count++) await post(`${daemon.url}/x`, body);
    }
    expect(upstream.connections.length).toBeLessThanOrEqual((2 * EACH) / 100);
  });

  it('are not kept where the upstream says so, and are counted', async () => {
    const upstream = await FakeUpstream.start('A', answer({ headers: [['Connection', 'close']] }));
    const daemon = await startBalancer({ primaries: [upstream] });
    for (let count = 0; count < 3; count++) await post(`${daemon.url}/x`, 'body');
    const [row] = await daemon.stats();
    expect([row?.requests, row?.connections_opened]).toEqual([3, 3]);
  });

  it('are kept shorter than the upstream hints', async () => {
    const body = { headers: [['Keep-Alive', 'timeout=2']], body: 'ok' } as const;
    const hinting = await FakeUpstream.start('A', answer(body));
    const silent = await FakeUpstream.start('B');
    for (const upstream of [hinting, silent]) {
      const daemon = await startBalancer({ primaries: [upstream] });
      await post(`${daemon.url}/x`, 'body');
      await post(`${daemon.url}/x`, 'body');
      expect(upstream.connections).toBe(1);
    }
    await (await hinting.arrived()).closed;
    // Asked later, and kept for longer.
    expect((await silent.arrived()).isClosed).toBe(false);
  });
});
