import { five } from './shapes.mjs';

/** What the others are compared with. */
export const healthy = [
  {
    name: 'healthy',
    group: 'faults',
    title: 'all five are well',
    providers: five(),
    load: { perSecond: 200 },
    phases: [{ seconds: 3 }, { seconds: 12, measured: true }],
    share: 0.4,
  },
];
