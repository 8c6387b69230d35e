// Bodies that stream: how long they may be silent, and that nobody is blamed for it.
import { expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { raw } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const streaming = (type: string) =>
  raw(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n:a\n\r\n`);

it('that fall silent are cut, events later than others, and their upstream stays as it is', async () => {
  const clock = new ManualClock();
  const upstream = await FakeUpstream.start('A');
  const app = await startApp({ primaries: [upstream], clock });
  upstream.next(streaming('text/plain'), streaming('Text/Event-Stream; charset=utf-8'));
  const clients: RawClient[] = [];
  for (let count = 0; count < 2; count++) {
    const client = await RawClient.connect(app.port);
    client.send(requestBytes('GET /x'));
    await until(async () => (await client.head()).body.length > 0, 'the first chunk');
    clients.push(client);
  }
  const states = () => clients.map(({ connection }) => connection);
  // An event stream's comment each 15 s is often enough for any of them; ATTEMPT_TIMEOUT is 10 s.
  clock.advance(59_900);
  expect((await http(`${app.url}/x`)).text).toBe('A');
  expect(states()).toEqual(['open', 'open']);
  clock.advance(200);
  await until(() => states()[0] === 'rst', 'the end of the first');
  clock.advance(3_600_000 - 60_300);
  expect((await http(`${app.url}/x`)).text).toBe('A');
  expect(states()).toEqual(['rst', 'open']);
  clock.advance(400);
  await until(() => states()[1] === 'rst', 'the end of the second');
  const [row] = (await http(`${app.url}/stats`)).json() as { state: string; failures: number }[];
  expect(row).toMatchObject({ state: 'usable', failures: 0 });
  const cut = () => app.logs.filter(({ msg, result }) => msg === 'Request' && result === 'cut');
  await until(() => cut().length === 2, 'the lines of the log');
});
