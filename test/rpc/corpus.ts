import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ClientWords } from '../../src/rpc/client-words.ts';
import {
  actions,
  classifyRpcError,
  classifyRpcResult,
  classifyRpcStatus,
  type RpcErrorFacts,
} from '../../src/rpc/errors.ts';

const entrySchema = z.strictObject({
  provider: z.string().min(1),
  source: z.string().min(1),
  httpStatus: z.int().min(200).max(599),
  method: z.string().optional(),
  params: z.unknown().optional(),
  body: z.string(),
  class: z.enum(Object.keys(actions)),
  rest: z
    .union([
      z.strictObject({ kind: z.literal('for'), ms: z.number() }),
      z.strictObject({ kind: z.literal('until-utc-midnight') }),
    ])
    .optional(),
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
  error: z.looseObject({ code: z.number().optional(), message: z.string(), data: z.unknown().optional() }),
});
/** Toncenter's. */
const textErrorSchema = z.object({ error: z.string(), code: z.number() });
const resultSchema = z.object({ result: z.unknown() });

/** The facts of each JSON-RPC error in the body. */
export function factsOf(entry: CorpusEntry): RpcErrorFacts[] {
  const { httpStatus, method, params } = entry;
  const words = new ClientWords(() => `${method} ${JSON.stringify(params ?? [])}`);
  return itemsOf(entry.body).flatMap((item): RpcErrorFacts[] => {
    const text = textErrorSchema.safeParse(item).data;
    if (text) return [{ httpStatus, code: text.code, message: text.error, data: undefined, method, words }];
    const error = errorSchema.safeParse(item).data?.error;
    if (!error) return [];
    const { code, message, data } = error;
    return [{ httpStatus, code, message, data, method, whole: error, words }];
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
