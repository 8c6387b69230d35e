import { expect, it } from 'vitest';
import { readError } from '../../src/rpc/error-object.ts';

function read(text: string): unknown {
  const body = Buffer.from(`[${text}]`);
  return readError(body, 1, body.length - 1);
}

it.each([
  ['an object', '{"code":-32000,"message":"a \\"b\\"","data":{"c":[1]}}'],
  ['a text', '"unauthorized"'],
  ['null', 'null'],
])('%s is read as it is', (_, text) => {
  expect(read(text)).toEqual(JSON.parse(text));
});

it('what is no JSON is nothing', () => {
  expect(read('{"code":}')).toBeUndefined();
});

it('of a large object only the small members are built', () => {
  const huge = `[${'{},'.repeat(300_000)}{}]`;
  const text = `{ "code" : 3 , "data":${huge}, "mess\\u0061ge":"execution reverted" , "__proto__":{"code":1}}`;
  const before = process.memoryUsage().heapUsed;
  const error = read(text);
  expect(error).toMatchObject({ code: 3, message: 'execution reverted' });
  expect(error).not.toHaveProperty('data');
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(8_000_000);
});

it.each([
  ['a member without a colon', `{"code":1,"data" "${'x'.repeat(20_000)}"}`],
  ['an end within a member', `{"code":1,"data":"${'x'.repeat(20_000)}`],
])('a large object with %s is read up to there', (_, text) => {
  expect(read(text)).toEqual({ code: 1 });
});
