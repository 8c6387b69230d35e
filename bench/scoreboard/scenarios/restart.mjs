import { five } from './shapes.mjs';

const failed = (run) => `${run.measured.requests - run.measured.good} calls failed`;

/** The balancer itself ends in good order, and is started again. */
export const restart = [
  {
    name: 'restart',
    group: 'faults',
    title: 'the balancer is stopped in good order, and started again',
    providers: five(),
    load: { perSecond: 200 },
    phases: [{ seconds: 3 }, { seconds: 8, measured: true, begin: ({ balancer }) => balancer.restart() }],
    share: 1 / 3,
    remark: failed,
    summary: failed,
  },
];
