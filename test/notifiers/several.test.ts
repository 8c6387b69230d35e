// A second notifier is a file and a line in the index: everything else goes by the table.
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { rowsOf } from '../../src/config/table/notifier-settings.ts';
import { definitionOf } from '../../src/config/table/setting-definition.ts';
import { SETTINGS } from '../../src/config/table/settings.ts';
import { createNotifiers, notifiers } from '../../src/notifiers/index.ts';
import { type Alert, NO_PROXIES, type NotifierKind } from '../../src/notifiers/notifier.ts';
import { slack } from '../../src/notifiers/slack.ts';
import { failed, primaryAnswered, setUp } from './set-up.ts';

const sent: [url: string, alert: Alert][] = [];
const pager: NotifierKind = {
  name: 'pager',
  setting: { name: 'PAGER_URL', doc: 'Where the pager is.' },
  create: (url) => ({ send: async (alert) => void sent.push([url, alert]) }),
};
const kinds = { slackWebhookUrl: slack, pagerUrl: pager };

describe('a second notifier', () => {
  it('has its row in the table of settings, as secret as the first', () => {
    const rows = rowsOf(kinds);
    expect(Object.keys(rows)).toEqual(['slackWebhookUrl', 'pagerUrl']);
    expect(definitionOf(rows.pagerUrl)).toMatchObject({ ...pager.setting, secret: 'url' });
    expect(rows.pagerUrl.safeParse('ftp://pager').success).toBe(false);
    expect(rows.pagerUrl.parse('http://pager/KEY')).toBe('http://pager/KEY');
  });

  it('is made where its setting is set', () => {
    const made = (slackWebhookUrl?: string, pagerUrl?: string) =>
      createNotifiers({ slackWebhookUrl, pagerUrl }, kinds, NO_PROXIES, systemClock).map(({ name }) => name);
    expect([made(), made('http://a'), made(undefined, 'http://b')]).toEqual([[], ['slack'], ['pager']]);
    expect(made('http://a', 'http://b')).toEqual(['slack', 'pager']);
  });

  it('gets every alert at once, whatever becomes of the first', async () => {
    const second = createNotifiers(
      { slackWebhookUrl: undefined, pagerUrl: 'http://pager/KEY' },
      kinds,
      NO_PROXIES,
      systemClock,
    );
    const { announce, clock, failures, announcer } = setUp({ send: () => new Promise(() => {}) }, ...second);
    const told: string[] = [];
    announcer.listen(
      (event) =>
        event.type === 'alert-sent' && told.push(`${event.notifier} ${event.kind} ${event.severity}`),
    );
    await announce(failed, primaryAnswered);
    await new Promise(setImmediate);
    expect(sent.map(([url, { severity }]) => [url, severity])).toEqual([
      ['http://pager/KEY', 'critical'],
      ['http://pager/KEY', 'resolved'],
    ]);
    expect(told).toEqual(['pager all-upstreams-failed critical', 'pager all-upstreams-failed resolved']);
    clock.advance(10_000);
    await new Promise(setImmediate);
    expect(failures.map(({ notifier }) => notifier)).toEqual(['first']);
  });
});

it('is in the Config under the name of its setting', () => {
  for (const key of Object.keys(notifiers))
    expect(SETTINGS.find((setting) => setting.key === key)?.jsonKey).toBe(key);
});
