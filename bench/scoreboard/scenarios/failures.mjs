import { five, oneFails } from './shapes.mjs';

/** One second well, one second not. */
function flapping() {
  const set = (fault) => ({
    seconds: 1,
    measured: true,
    begin: ({ providers }) => providers.change([0, 1], { fault }),
  });
  return Array.from({ length: 10 }, (_, index) => set(index % 2 === 0 ? 'unavailable' : 'none'));
}

/** Providers that fail in ways that can be seen. */
export const failures = [
  oneFails({ name: 'crash', title: 'one dies and comes back', fault: 'down' }),
  oneFails({ name: 'resets', title: 'one resets each request', fault: 'reset' }),
  oneFails({ name: '503', title: 'one answers 503', fault: 'unavailable' }),
  oneFails({ name: 'cut', title: 'one cuts each body', fault: 'cut' }),
  oneFails({ name: 'html', title: 'one answers 200 with HTML', fault: 'html' }),
  {
    name: 'flapping',
    group: 'faults',
    title: 'two answer 503 every other second',
    providers: five(),
    load: { perSecond: 200 },
    phases: [{ seconds: 3 }, ...flapping()],
    share: 1 / 3,
  },
];
