/** The client port, and with TLS also its certificate watcher and the redirect from plain HTTP. */

import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { readRegularFileSync } from '../regular-file.ts';
import { CertificateWatcher, type KeyPairFiles } from './certificate-watcher.ts';
import type { Handler } from './client-request.ts';
import type { ListenerSettings } from './limits.ts';
import { Listener } from './listener.ts';
import { createRedirect } from './redirect.ts';

export interface ClientPortSettings extends ListenerSettings {
  readonly port: number;
  readonly host: string;
  /** PEM files that are known to be valid; both or neither. */
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly tlsMinVersion: '1.2' | '1.3';
  readonly httpRedirectPort: number | undefined;
}

export interface ClientPort {
  /** Resolves to the client port's address. Rejects with the system's error. */
  listen(): Promise<AddressInfo>;
  /** See `Listener.setLimits`. */
  setLimits(limits: ListenerSettings): void;
  /** See `Listener.letGo`. */
  letGo(): void;
  /** See `Listener.drain`. */
  drain(timeoutMs: number): Promise<number>;
}

export function createClientPort(
  settings: ClientPortSettings,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  handle: Handler,
): ClientPort {
  const { tlsCertFile: cert, tlsKeyFile: key, host, port } = settings;
  if (cert === undefined || key === undefined) {
    const listener = new Listener(settings, clock, handle);
    return {
      listen: () => listener.listen(port, host),
      setLimits: (limits) => listener.setLimits(limits),
      letGo: () => listener.letGo(),
      drain: (timeoutMs) => listener.drain(timeoutMs),
    };
  }
  return createTlsClientPort(settings, { cert, key }, { clock, logger }, handle);
}

function createTlsClientPort(
  settings: ClientPortSettings,
  files: KeyPairFiles,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  handle: Handler,
): ClientPort {
  const { host, port, httpRedirectPort, tlsMinVersion: minVersion } = settings;
  const pair = { cert: `${readRegularFileSync(files.cert)}`, key: `${readRegularFileSync(files.key)}` };
  const listener = new Listener(settings, clock, handle, { pair, minVersion });
  const watcher = new CertificateWatcher(files, pair, clock, {
    changed(newPair) {
      listener.setCertificate({ pair: newPair, minVersion });
      logger.info('The TLS certificate has changed: new connections get the new one');
    },
    rejected: (problem) =>
      logger.error({ problem }, 'The TLS certificate has changed and is of no use: the old one stays'),
  });
  const ports = { http: 0, https: 0 };
  const redirect =
    httpRedirectPort === undefined
      ? undefined
      : new Listener(
          settings,
          clock,
          createRedirect(() => ports),
        );
  return {
    async listen() {
      const address = await listener.listen(port, host);
      ports.https = address.port;
      if (redirect && httpRedirectPort !== undefined) {
        ports.http = (await redirect.listen(httpRedirectPort, host)).port;
        logger.info({ port: ports.http }, 'Redirecting to HTTPS');
      }
      watcher.start();
      return address;
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
      watcher.stop();
      const cut = await Promise.all([listener.drain(timeoutMs), redirect?.drain(timeoutMs) ?? 0]);
      return cut[0] + cut[1];
    },
  };
}
