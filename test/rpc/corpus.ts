import { readFileSync } from 'node:fs';
import { z } from 'zod';
import {
  actions,
  classifyRpcError,
  classifyRpcResult,
  classifyRpcStatus,
  type RpcErrorFacts,
} from '../../src/rpc/errors.ts';

const entrySchema = z.strictObject({
  provider: z.string().min(1),
  httpStatus: z.int().min(200).max(599),
  method: z.string().optional(),
  body: z.string(),
  class: z.enum(Object.keys(actions)),
  note: z.string().optional(),
});
export type CorpusEntry = z.infer<typeof entrySchema>;

/** Answers of providers that are no plain success, and the class that each belongs to. */
export function readCorpus(): CorpusEntry[] {
  return z
    .array(entrySchema)
    .parse(JSON.parse(readFileSync(new URL('corpus.json', import.meta.url), 'utf8')));
}

const errorSchema = z.object({
  error: z.object({ code: z.number().optional(), message: z.string(), data: z.unknown().optional() }),
});
const resultSchema = z.object({ result: z.unknown() });

/** The facts of each JSON-RPC error in the body. */
export function factsOf(entry: CorpusEntry): RpcErrorFacts[] {
  return itemsOf(entry.body).flatMap((item) => {
    const { success, data } = errorSchema.safeParse(item);
    if (!success) return [];
    const { code, message, data: details } = data.error;
    return [{ httpStatus: entry.httpStatus, code, message, data: details, method: entry.method }];
  });
}

/** The classes of an entry's items: by its errors, else by its results, else by its status alone. */
export function classesOf(entry: CorpusEntry): Set<string | undefined> {
  const errors = factsOf(entry);
  if (errors.length > 0) return new Set(errors.map((facts) => classifyRpcError(facts).class));
  const results = itemsOf(entry.body).flatMap((item) => resultSchema.safeParse(item).data ?? []);
  if (results.length === 0) return new Set([classifyRpcStatus(entry.httpStatus)]);
  return new Set(results.map(({ result }) => classifyRpcResult(entry.method ?? '', result)));
}

function itemsOf(body: string): unknown[] {
  try {
    return [JSON.parse(body)].flat();
  } catch {
    return [];
  }
}
