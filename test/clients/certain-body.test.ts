import { describe, expect, it } from 'vitest';
import { beginsLikeJson, isCertain, isEncoded } from '../../src/clients/certain-body.ts';
import { parseRpcRequest } from '../../src/rpc/message.ts';

const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[]}';

function isCertainOf(body: string | Buffer): boolean {
  const bytes = Buffer.from(body);
  return isCertain(bytes, parseRpcRequest(bytes));
}

describe('a body that has one reading', () => {
  it.each([
    CALL,
    ` ${CALL}\r\n`,
    `[${CALL},${CALL}]`,
    '[]',
    '{"id":1,"method":"eth_call","params":[{"method":"x","Method":"y"}]}',
    '{"id":1,"method":"debug\\u005fx"}',
    '{"order":5,"methods":[1]}',
    '{"ID":1,"Result":2}',
    '[[1],"method"]',
    '5',
    'null',
    '"method"',
    'a=1&b={"method":"x"}',
    '--boundary-1\r\nContent-Disposition: form-data\r\n\r\n{"method":1}',
    '<methodCall/>',
    '1,2,3\n4,5,6',
    '2024-01-01 started',
    '[section]\nkey=1',
    '# Title\ntext',
    '#!/bin/sh\nexit',
    ' \n',
    Buffer.alloc(64),
    '{"index":{}}\n{"user":"x"}\n',
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x7b, 0x22]),
    Buffer.from([0x1f, 0x8b, 8, 0, 0x7b]),
  ])('passes: %j', (body) => expect(isCertainOf(body)).toBe(true));

  it.each([
    ['a second method', '{"id":1,"method":"eth_call","method":"debug_x"}'],
    ['one in another case', '{"id":1,"method":"eth_call","Method":"debug_x"}'],
    ['one in capitals', '{"METHOD":"debug_x"}'],
    ['one that is no text', '{"id":1,"method":["debug_x"]}'],
    ['one with blanks', '{" method":"debug_x"}'],
    ['an escape in the name', '{"id":1,"method":"eth_call","m\\u0065thod":"debug_x"}'],
    ['only an escaped name', '{"m\\u0065thod":"debug_x"}'],
    ['a long s or other letters that fold', '{"method":"eth_call","param\u017f":[]}'],
    ['a byte order mark', `\u{feff}${CALL}`],
    ['a byte order mark in the middle', `{\u{feff}"method":"debug_x"}`],
    ['UTF-16', Buffer.from(CALL, 'utf16le')],
    ['UTF-16, big-endian', Buffer.from(CALL, 'utf16le').swap16()],
    ['UTF-16 with its mark', Buffer.from(`\u{feff}${CALL}`, 'utf16le')],
    ['zeros', `\0${CALL}`],
    ['a zero within', '{"method":"eth_call"\0,"method":"debug_x"}'],
    ['bytes that are no UTF-8', Buffer.from('{"method":"eth_call","meth\xffod":"debug_x"}', 'latin1')],
    ['something behind', `${CALL}x`],
    ['a second document', `${CALL}\n${CALL}`],
    ['a number in front', `1 ${CALL}`],
    ['a word in front', `null ${CALL}`],
    ['a text in front', `"a" ${CALL}`],
    ['a guard in front', `)]}'\n${CALL}`],
    ['parentheses', `(${CALL})`],
    ['a zero behind a second name', '{"method":"eth_call","method\\u0000":"debug_x"}'],
    ['lines of calls', `${CALL}\n${CALL}\n`],
    ['a comment before the colon', '{"a":1,}{"method"/* */:"debug_x"}'],
    ['a comma in front', `,${CALL}`],
    ['a comment in front', `/* */${CALL}`],
    ['a comment of one line', `# x\n${CALL}`],
    ['a comment within', '{"method":"eth_call"/*,*/}'],
    ['a comma at the end', '{"id":1,"method":"debug_x",}'],
    ['single quotes', "{'method':'debug_x'}"],
    ['no quotes', '{method:"debug_x"}'],
    ['broken parameters', '{"method":"eth_call","params":[\'],"method":"debug_x","x":[\']}'],
    ['what is cut', CALL.slice(0, -1)],
    ['other blanks', `\v${CALL}`],
    ['a wide blank', `\u3000${CALL}`],
    ['a blank that does not break', `\u00a0${CALL}`],
    ['a record separator', `\x1e${CALL}`],
    ['a batch with an item that is read in two ways', `[${CALL},{"method":"a","Method":"b"}]`],
  ])('is none with %s', (_, body) => expect(isCertainOf(body)).toBe(false));

  it('may begin with what says too little', () => {
    expect(beginsLikeJson(Buffer.from(' '.repeat(1_000)))).toBe(true);
    expect(beginsLikeJson(Buffer.alloc(0))).toBe(true);
    expect(beginsLikeJson(Buffer.from('PNG{'))).toBe(false);
  });
});

it.each([
  [['Content-Encoding', 'gzip'], true],
  [['content-encoding', 'identity', 'Content-Encoding', 'br'], true],
  [['Content-Encoding', 'identity'], false],
  [['Content-Type', 'application/json; charset=utf-16'], true],
  [['Content-Type', 'application/json; CHARSET="UTF-7"'], true],
  [['Content-Type', 'text/plain', 'Content-Type', 'application/json;charset=ibm037'], true],
  [['Content-Type', "application/json; charset*=utf-8''utf-7"], true],
  [['Content-Type', 'application/json; charset=utf-8'], false],
  [['Content-Type', "text/plain;charset='ISO-8859-1'"], false],
])('lines %j say that the body is encoded: %s', (lines, expected) => {
  expect(isEncoded(lines)).toBe(expected);
});
