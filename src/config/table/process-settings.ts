/** The rows of the settings' table about the processes that the program consists of. */

import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { setting } from './setting-definition.ts';
import { integer, type ValueType } from './value-types.ts';

/** More than any machine has cores that would be of use. */
const MAX_WORKERS = 256;

/** A number of processes, or `auto`: one for each core. */
function processCount(): ValueType<z.ZodType<number, string>> {
  const { schema, allowed } = integer(1, MAX_WORKERS);
  const auto = z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.literal('auto'))
    .transform(() => Math.min(MAX_WORKERS, availableParallelism()));
  return { schema: z.union([auto, schema]), allowed: `auto, or ${allowed}` };
}

export const processSettings = {
  workers: setting(processCount(), {
    name: 'WORKERS',
    needsRestart: true,
    default: '1',
    doc: 'How many processes serve the client port: a number, or `auto` for one per core. With more than one, a further process owns the ports, health checks and alerts, and `MAX_CONNECTIONS`, `MAX_BUFFERED` and `MAX_QUEUE` are divided among them.',
  }),
};
