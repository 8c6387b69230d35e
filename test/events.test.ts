import { describe, expect, it } from 'vitest';
import { Announcer, type Event, UpstreamIdentity } from '../src/events.ts';

const event: Event = {
  type: 'upstream-released',
  upstream: new UpstreamIdentity('A', 'primary'),
  by: 'probe',
};

describe('the announcer', () => {
  it('tells every listener, in the order in which they came', () => {
    const announcer = new Announcer();
    const heard: [number, Event][] = [];
    announcer.listen((each) => heard.push([1, each]));
    announcer.listen((each) => heard.push([2, each]));
    announcer.announce(event);
    expect(heard).toEqual([
      [1, event],
      [2, event],
    ]);
  });

  it.each([
    ['an error', new Error('failed')],
    ['a text', 'failed'],
    ['nothing', undefined],
  ])('goes on when a listener throws %s, and tells of it', (_, thrown) => {
    const failures: unknown[] = [];
    const announcer = new Announcer((error) => failures.push(error));
    const heard: Event[] = [];
    announcer.listen(() => {
      throw thrown;
    });
    announcer.listen((each) => heard.push(each));
    announcer.announce(event);
    announcer.announce(event);
    expect(heard).toEqual([event, event]);
    expect(failures).toEqual([thrown, thrown]);
  });
});
