// A process that can't keep up refuses new requests for a moment, and says so.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Announcer, type Event } from '../../src/events.ts';
import { measureEventLoopDelay } from '../../src/server/event-loop-delay.ts';
import { Overload } from '../../src/server/overload.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { answerByLabel, Gate, held } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { secondsAhead } from '../support/retry-after.ts';
import { until } from '../support/waiting.ts';

/** A delay that the test decides. */
class GivenDelay {
  ms = 0;
  stopped = false;
  p99Ms(): number {
    return this.ms;
  }
  stop(): void {
    this.stopped = true;
  }
}

function setUp() {
  const [clock, delay, announcer, events]: [ManualClock, GivenDelay, Announcer, Event[]] = [
    new ManualClock(),
    new GivenDelay(),
    new Announcer(),
    [],
  ];
  announcer.listen((event) => events.push(event));
  const overload = new Overload({ eventLoopDelay: delay, clock, announcer });
  overload.start();
  return { clock, delay, events, overload };
}

describe('overload', () => {
  it('begins when the delay was over 500 ms for 3 s', () => {
    const { clock, delay, events, overload } = setUp();
    delay.ms = 501;
    clock.advance(2_999);
    expect(overload.isOn).toBe(false);
    clock.advance(1);
    expect(overload.isOn).toBe(true);
    expect(events).toEqual([{ type: 'overload-began', lagMs: 501 }]);
  });

  it.each([
    ['500 ms for long', [500, 500, 500, 500, 500]],
    ['one long pause', [60_000, 0, 0, 0]],
    ['more than 500 ms now and then', [900, 900, 10, 900, 900, 10]],
  ])('is not %s', (_, delays) => {
    const { clock, delay, events, overload } = setUp();
    for (const ms of delays) {
      delay.ms = ms;
      clock.advance(1_000);
      expect(overload.isOn).toBe(false);
    }
    expect(events).toEqual([]);
  });

  it('ends by itself, and begins again', () => {
    const { clock, delay, events, overload } = setUp();
    delay.ms = 900;
    clock.advance(5_000);
    delay.ms = 20;
    clock.advance(1_000);
    expect(overload.isOn).toBe(false);
    expect(events.at(-1)).toEqual({ type: 'overload-ended', durationMs: 3_000 });
    delay.ms = 900;
    clock.advance(3_000);
    expect(overload.isOn).toBe(true);
    expect(events).toHaveLength(3);
  });

  it('leaves no timer behind', () => {
    const { clock, delay, overload } = setUp();
    clock.advance(1_500);
    overload.stop();
    expect([clock.pendingTimers, delay.stopped]).toEqual([0, true]);
  });
});

function block(ms: number): Promise<void> {
  // On purpose nothing else runs meanwhile; other processes may.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return sleep(1);
}

describe('the delay of the event loop', () => {
  it('is as long as what blocks, also when it is asked for after each block', async () => {
    const delay = measureEventLoopDelay();
    await sleep(100);
    const seen: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      await block(350);
      seen.push(delay.p99Ms());
    }
    expect(Math.min(...seen.slice(1))).toBeGreaterThan(300);
    delay.stop();
  });

  it('makes an overload of a loop that is really blocked, which passes when it no longer is', async () => {
    const overload = new Overload({
      eventLoopDelay: measureEventLoopDelay(),
      clock: systemClock,
      announcer: new Announcer(),
    });
    overload.start();
    await until(
      async () => {
        await block(700);
        return overload.isOn;
      },
      'an overload',
      15_000,
    );
    await until(() => !overload.isOn, 'its end', 10_000);
    overload.stop();
  });
});

describe('an overloaded process', () => {
  let upstream: FakeUpstream;
  let app: RunningApp;
  const [clock, delay] = [new ManualClock(), new GivenDelay()];

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    app = await startApp({ primaries: [upstream], clock, eventLoopDelay: delay });
  });

  beforeEach(() => {
    upstream.reset();
    delay.ms = 0;
    clock.advance(1_000);
  });

  function overloaded(): void {
    delay.ms = 900;
    clock.advance(3_000);
  }

  it('refuses new requests with 503 and Retry-After', async () => {
    overloaded();
    const response = await http(`${app.url}/x`);
    expect(response.status).toBe(503);
    expect(secondsAhead(response.headers['retry-after'], clock.wallMs())).toBe(1);
    expect(response.json()).toMatchObject({ code: 'OVERLOADED' });
    expect(upstream.requests).toHaveLength(0);
  });

  it('refuses JSON-RPC in its own words, with its id', async () => {
    overloaded();
    const { status, reply } = await rpc(app.url, 'eth_blockNumber', [], 'seven');
    expect([status, reply.id, reply.error?.data?.code]).toEqual([503, 'seven', 'OVERLOADED']);
    const batch = await post(
      app.url,
      '[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","id":2,"method":"b"}]',
    );
    expect(batch.json()).toMatchObject([{ id: 1 }, { id: 2 }]);
  });

  it('still answers its status paths', async () => {
    overloaded();
    const statuses = ['/healthz', '/readyz', '/stats'].map(
      async (path) => (await http(app.url + path)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 200]);
  });

  it('finishes what it took before', async () => {
    const gate = new Gate();
    upstream.use(held(gate, answerByLabel('late')));
    const before = http(`${app.url}/x`);
    await upstream.arrived();
    overloaded();
    gate.release();
    expect((await before).text).toBe('late');
  });

  it('takes requests again when it has caught up, and has logged both', async () => {
    overloaded();
    delay.ms = 10;
    clock.advance(1_000);
    expect((await http(`${app.url}/x`)).text).toBe('A');
    const messages = () => app.logs.map(({ msg }) => msg);
    await until(() => messages().includes('No longer overloaded'), 'the log line');
    expect(messages()).toContain('Overloaded: new requests are refused');
  });
});
