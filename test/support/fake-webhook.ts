import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certified } from './certificates.ts';
import { releaseAfterwards } from './leftovers.ts';
import { until } from './waiting.ts';

/** What the webhook does with a message: by default it takes it, as Slack does. */
export type WebhookAnswer = (response: ServerResponse) => void;

export const takesIt: WebhookAnswer = (response) => {
  response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
};

export const neverAnswers: WebhookAnswer = () => {};

export function answers(status: number, body: string, headers: Record<string, string> = {}): WebhookAnswer {
  return (response) => {
    response.writeHead(status, headers).end(body);
  };
}

export interface WebhookBody {
  readonly text: string;
  readonly [key: string]: unknown;
}

export interface FakeWebhook {
  /** With a path that is as secret as Slack's. */
  readonly url: string;
  /** The path alone: must not show up anywhere. */
  readonly secret: string;
  /** The `text` of each message, in the order of arrival. */
  readonly texts: readonly string[];
  /** The JSON bodies, likewise. */
  readonly bodies: readonly WebhookBody[];
  /** The headers of each message, likewise. */
  readonly headers: readonly IncomingHttpHeaders[];
  /** How the messages from now on are answered. */
  answer: WebhookAnswer;
  /** Resolves when `number` messages have arrived. */
  received(number: number): Promise<void>;
}

/** A real server in the place of Slack, with a certificate one that speaks HTTPS. It is closed after the test. */
export async function startFakeWebhook(certified?: Certified): Promise<FakeWebhook> {
  const bodies: WebhookBody[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const secret = '/services/T000/B000/seCretToken';
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method !== 'POST' || request.url !== secret) {
      response.writeHead(404).end('no_service');
      return;
    }
    headers.push(request.headers);
    bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
    fake.answer(response);
  };
  const server = certified ? createTlsServer({ ...certified }, serve) : createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  releaseAfterwards(() => {
    server.close();
    server.closeAllConnections();
  });
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const fake: FakeWebhook = {
    url: `${certified ? 'https' : 'http'}://127.0.0.1:${port}${secret}`,
    secret,
    bodies,
    headers,
    get texts() {
      return bodies.map((body) => body.text);
    },
    answer: takesIt,
    received: async (number) => {
      await until(() => bodies.length >= number, `${number} messages at the webhook`);
    },
  };
  return fake;
}
