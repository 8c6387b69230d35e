import { type AppSetUp, type RunningApp, startApp } from '../support/app.ts';
import { Authority, type Certified, pairFiles } from '../support/certificates.ts';

export const authority = new Authority();

export interface SecureApp extends RunningApp {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The program with TLS on its client port. */
export async function startSecureApp({
  pair = authority.certify(['localhost', '127.0.0.1']),
  ...setUp
}: AppSetUp & { readonly pair?: Certified }): Promise<SecureApp> {
  const { flags, certFile, keyFile } = pairFiles(pair);
  const app = await startApp({ ...setUp, flags: [...flags, ...(setUp.flags ?? [])] });
  return { ...app, url: `https://localhost:${app.port}`, certFile, keyFile };
}
