import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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

export interface FakeWebhook {
  /** With a path that is as secret as Slack's. */
  readonly url: string;
  /** The path alone: must not show up anywhere. */
  readonly secret: string;
  /** The `text` of each message, in the order of arrival. */
  readonly texts: readonly string[];
  /** The JSON bodies, likewise. */
  readonly bodies: readonly { readonly text: string }[];
  /** How the messages from now on are answered. */
  answer: WebhookAnswer;
  /** Resolves when `number` messages have arrived. */
  received(number: number): Promise<void>;
}

/** A real server in the place of Slack. It is closed after the test. */
export async function startFakeWebhook(): Promise<FakeWebhook> {
  const bodies: { text: string }[] = [];
  const secret = '/services/T000/B000/seCretToken';
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method !== 'POST' || request.url !== secret) {
      response.writeHead(404).end('no_service');
      return;
    }
    bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
    fake.answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  releaseAfterwards(() => {
    server.close();
    server.closeAllConnections();
  });
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const fake: FakeWebhook = {
    url: `http://127.0.0.1:${port}${secret}`,
    secret,
    bodies,
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
