/** The client port, and with TLS what belongs to it: its certificate, and the redirect from plain HTTP. */

import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Certificates } from './certificates.ts';
import type { Handler } from './client-request.ts';
import { type Door, ownDoor } from './door.ts';
import type { ListenerSettings } from './limits.ts';
import { Listener } from './listener.ts';
import { createRedirect } from './redirect.ts';

export interface ClientPortSettings extends ListenerSettings {
  readonly port: number;
  readonly host: string;
  readonly tlsMinVersion: '1.2' | '1.3';
  readonly httpRedirectPort: number | undefined;
}

export interface ClientPortParts {
  readonly clock: Clock;
  /** With it the port speaks HTTPS. */
  readonly certificates: Certificates | undefined;
  /** Secret, 48 bytes: servers with the same ones resume each other's TLS sessions. */
  readonly ticketKeys?: Buffer;
  /** How connections come; if it is not given, the ports are listened at. */
  readonly doors?: { readonly client: Door; readonly redirect: Door };
}

/** Where clients connect. */
export interface ClientAddresses {
  readonly client: AddressInfo;
  /** Of plain HTTP; undefined where none is redirected. */
  readonly redirect: AddressInfo | undefined;
}

export interface ClientPort {
  /** Resolves once connections are accepted. Rejects with the system's error. */
  listen(): Promise<ClientAddresses>;
  /** See `Listener.drain`. */
  drain(timeoutMs: number): Promise<number>;
}

/** One that serves in this process. */
export interface ServingPort extends ClientPort {
  /** See `Listener.setLimits`. */
  setLimits(limits: ListenerSettings): void;
  /** See `Listener.letGo`. */
  letGo(): void;
}

const OWN_DOORS = { client: ownDoor, redirect: ownDoor };

export function createClientPort(
  settings: ClientPortSettings,
  parts: ClientPortParts,
  handle: Handler,
): ServingPort {
  const { port, host } = settings;
  const { clock, certificates, doors = OWN_DOORS } = parts;
  if (certificates) return createTlsClientPort(settings, { ...parts, certificates }, handle);
  const listener = new Listener(settings, clock, handle, { door: doors.client });
  return {
    listen: async () => ({ client: await listener.listen(port, host), redirect: undefined }),
    setLimits: (limits) => listener.setLimits(limits),
    letGo: () => listener.letGo(),
    drain: (timeoutMs) => listener.drain(timeoutMs),
  };
}

function createTlsClientPort(
  settings: ClientPortSettings,
  parts: ClientPortParts & { readonly certificates: Certificates },
  handle: Handler,
): ServingPort {
  const { host, port, httpRedirectPort, tlsMinVersion: minVersion } = settings;
  const { clock, certificates, ticketKeys, doors = OWN_DOORS } = parts;
  const { pair } = certificates;
  const tls = { pair, minVersion, ticketKeys };
  const listener = new Listener(settings, clock, handle, { tls, door: doors.client });
  const ports = { http: 0, https: 0 };
  const redirect =
    httpRedirectPort === undefined
      ? undefined
      : new Listener(
          settings,
          clock,
          createRedirect(() => ports),
          { door: doors.redirect },
        );
  return {
    async listen() {
      const client = await listener.listen(port, host);
      ports.https = client.port;
      const address =
        httpRedirectPort === undefined ? undefined : await redirect?.listen(httpRedirectPort, host);
      ports.http = address?.port ?? 0;
      certificates.start((newPair) => listener.setCertificate({ pair: newPair, minVersion }));
      return { client, redirect: address };
    },
    setLimits(limits) {
      listener.setLimits(limits);
      redirect?.setLimits(limits);
    },
    letGo() {
      listener.letGo();
      redirect?.letGo();
    },
    async drain(timeoutMs) {
      certificates.stop();
      const cut = await Promise.all([listener.drain(timeoutMs), redirect?.drain(timeoutMs) ?? 0]);
      return cut[0] + cut[1];
    },
  };
}
