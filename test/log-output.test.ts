// Real pipes, read as a stuck or vanished reader reads them.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LogOutput, wholePieces } from '../src/log-output.ts';
import { until } from './support/waiting.ts';

const folder = mkdtempSync(join(tmpdir(), 'log-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MB = 1024 * 1024;
let pipes = 0;

/** Both ends of a pipe, neither of which waits for the other. */
function pipe() {
  const name = join(folder, `pipe-${++pipes}`);
  execFileSync('mkfifo', [name]);
  const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  const gaps: number[] = [];
  const output = new LogOutput(
    openSync(name, constants.O_WRONLY | constants.O_NONBLOCK),
    (lines) => gaps.push(lines),
    { maxBytes: 2.5 * MB },
  );
  const buffer = Buffer.alloc(MB);
  const read = () => {
    try {
      return buffer.toString('latin1', 0, readSync(reader, buffer));
    } catch {
      return '';
    }
  };
  return { output, gaps, read, hangUp: () => closeSync(reader) };
}

const lines = (count: number, length = 1_024) => `${'x'.repeat(length - 1)}\n`.repeat(count);

describe('a line', () => {
  it('is written at once', () => {
    const { output, read } = pipe();
    output.write('one\n');
    output.write('two\n');
    expect(read()).toBe('one\ntwo\n');
  });

  it('waits for a reader that is behind, and keeps its place', async () => {
    const { output, read, gaps } = pipe();
    output.write(lines(500));
    output.write('the last one\n');
    let text = '';
    await until(() => {
      text += read();
      return text.endsWith('the last one\n');
    }, 'all lines');
    expect(text).toBe(`${lines(500)}the last one\n`);
    expect([output.dropped, gaps]).toEqual([0, []]);
  });

  it('is dropped whole beyond a bound, counted, and told of when others are read again', async () => {
    const { output, read, gaps } = pipe();
    for (let mb = 0; mb < 3; mb += 1) output.write(lines(1_024));
    const lost = output.dropped;
    expect([lost, gaps]).toEqual([1_024, []]);
    let size = 0;
    await until(() => {
      size += read().length;
      return gaps.length > 0;
    }, 'that lines were lost');
    for (let text = read(); text !== ''; text = read()) size += text.length;
    expect([gaps, size]).toEqual([[lost], 2 * MB]);
  });

  it('is dropped when the reader is gone, and nothing is thrown', () => {
    const { output, gaps, read, hangUp } = pipe();
    output.write(lines(200));
    const heard = read().length / 1_024;
    hangUp();
    output.flush();
    output.write('unheard\n');
    output.flush();
    expect([output.dropped, gaps]).toEqual([201 - heard, []]);
  });
});

it('goes out in whole lines that the kernel does not divide, where others write to the same pipe', () => {
  const long = `${'b'.repeat(5_000)}\n`;
  const text = [...Array.from({ length: 100 }, () => `${'a'.repeat(100)}\n`), long, 'c\n', 'no end'].join('');
  const pieces = wholePieces(Buffer.from(text)).map(String);
  expect(pieces.join('')).toBe(text);
  expect(pieces.filter((piece) => piece.length > 4_096)).toEqual([long]);
  expect(pieces.slice(0, -1).filter((piece) => !piece.endsWith('\n'))).toEqual([]);
  expect(pieces.length).toBeLessThan(7);
});

it('ends in time when nobody reads', () => {
  const { output } = pipe();
  output.write(lines(2_000));
  const begunMs = performance.now();
  output.flush();
  // It gives up after a while; that it does so at all is what counts.
  expect(performance.now() - begunMs).toBeGreaterThan(400);
  expect(output.dropped).toBe(0);
});
