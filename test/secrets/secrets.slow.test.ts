// As secrets.test.ts, with every level and format of the log, and every way to end.
import { expect, it } from 'vitest';
import { drive, type End } from './drive.ts';
import { leaksIn } from './marked.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const ENDS: readonly End[] = ['SIGTERM', 'error', 'rejection', 'text'];

const drives = LEVELS.flatMap((level) => ['json', 'pretty'].map((format) => ({ level, format })));

it.each(drives.map((how, index) => ({ ...how, end: ENDS[index % ENDS.length] ?? 'SIGTERM' })))(
  'no secret shows at $level, $format, at the end by $end',
  async (how) => {
    const { seen, exitCode } = await drive(how);
    expect(leaksIn(seen)).toEqual([]);
    expect(exitCode).toBe(how.end === 'SIGTERM' ? 0 : 1);
  },
);
