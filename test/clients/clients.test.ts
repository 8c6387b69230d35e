import { describe, expect, it } from 'vitest';
import { ANYBODY } from '../../src/clients/client.ts';
import { type Clients, createClients } from '../../src/clients/clients.ts';
import type { Head } from '../../src/clients/presented-keys.ts';
import { createIdentity } from '../../src/http/header-lines.ts';
import { readRequestHeaders } from '../../src/http/request-headers.ts';
import { clientsBy, NONE } from '../support/clients.ts';

function head(path: string, ...lines: string[]): Head {
  const headers = readRequestHeaders(lines, createIdentity('test'));
  return { headers, target: { path, query: undefined, authority: undefined }, prefix: '' };
}

const ALICE = { name: 'alice', key: 'alice-key', rps: 1, methods: undefined };
const secret = Buffer.alloc(32, 1);

/** Whether these clients admit one more call of a key. */
function admits(clients: Clients, key: string, address = ''): boolean {
  const { client } = clients.recognize(head('/', 'X-API-Key', key));
  return client?.limiter?.charge(address, 1, 0).waitMs === 0;
}

describe('clients', () => {
  it('are anybody, for whom nothing holds, without settings', () => {
    const asked = head('/x', 'Authorization', 'Bearer x');
    expect(clientsBy().recognize(asked)).toEqual({ ...asked, client: ANYBODY });
    expect(clientsBy().cors).toBeUndefined();
  });

  it('keep what they have used up under new settings, whatever their key and limit are then', () => {
    const first = createClients(
      { ...NONE, apiKeys: [ALICE, { ...ALICE, name: 'bob', key: 'bob-key' }] },
      secret,
    );
    expect([admits(first, 'alice-key'), admits(first, 'alice-key')]).toEqual([true, false]);
    const keys = [
      { ...ALICE, key: 'new-key' },
      { ...ALICE, name: 'carl', key: 'carl-key' },
    ];
    const next = createClients({ ...NONE, apiKeys: keys }, secret, first.buckets);
    expect(['alice-key', 'bob-key', 'new-key', 'carl-key'].map((key) => admits(next, key))).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(next.recognize(head('/', 'X-API-Key', 'alice-key')).client).toBeUndefined();
    const byAddress = createClients({ ...NONE, clientRps: 1 }, secret, next.buckets);
    expect([admits(byAddress, '', 'a'), admits(byAddress, '', 'a')]).toEqual([true, false]);
    expect(admits(createClients({ ...NONE, clientRps: 1 }, secret, byAddress.buckets), '', 'a')).toBe(false);
  });

  it('are told apart by the first of several keys, all of which are taken out', () => {
    const clients = clientsBy({ apiKeys: [ALICE, { ...ALICE, name: 'bob', key: 'bob-key' }] });
    const asked = head('/bob-key/x', 'X-API-Key', 'alice-key', 'X-API-Key', 'bob-key', 'X-API-Key', 'own');
    const { client, headers, target, prefix } = clients.recognize(asked);
    expect([client?.name, target.path, prefix]).toEqual(['alice', '/x', '/bob-key']);
    expect(headers.forward.filter((_, at) => at % 2 === 1)).toEqual(['own', '1.1 test']);
  });

  it('find no key in what is too long, or is malformed', () => {
    const clients = clientsBy({ apiKeys: [ALICE] });
    for (const path of [
      '/',
      '//alice-key',
      `/${'x'.repeat(8_000)}`,
      '/%E0%A4%A',
      '/alice-key%2F',
      '/ALICE-KEY',
    ])
      expect(clients.recognize(head(path)).client).toBeUndefined();
  });
});
