import { type ClientSettings, type Clients, createClients } from '../../src/clients/clients.ts';

export const NONE: ClientSettings = {
  apiKeys: undefined,
  clientRps: undefined,
  allowMethods: undefined,
  denyMethods: undefined,
  corsOrigins: undefined,
};

/** What these settings make of clients; without any all are alike, and nothing limits them. */
export function clientsBy(settings: Partial<ClientSettings> = {}): Clients {
  return createClients({ ...NONE, ...settings }, Buffer.alloc(32, 7));
}
