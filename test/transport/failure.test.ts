import { describe, expect, it } from 'vitest';
import { DialFailure } from '../../src/network/dial-failure.ts';
import { type Progress, readFailure } from '../../src/transport/failure.ts';

const connecting: Progress = { sent: false, responseStarted: false, headersDone: false, reused: false };
const sent: Progress = { ...connecting, sent: true };
const sentOnReused: Progress = { ...sent, reused: true };
const hearing: Progress = { ...sentOnReused, responseStarted: true };
const inBody: Progress = { ...hearing, headersDone: true };

function failure(code: string, progress: Progress): unknown {
  return readFailure(Object.assign(new Error('failed'), { code }), progress);
}

describe('before anything was sent', () => {
  it.each(['refused', 'dns', 'tls', 'connect-timeout'] as const)('%s is unreachable', (reason) => {
    const failed = new DialFailure(reason, 'EWHATEVER');
    expect(readFailure(failed, connecting)).toEqual({ kind: 'unreachable', reason });
  });

  it('a shortage of this machine says nothing of the upstream', () => {
    expect(readFailure(new DialFailure('refused', 'EMFILE'), connecting)).toEqual({ kind: 'shortage' });
    expect(failure('EMFILE', connecting)).toEqual({ kind: 'shortage' });
  });

  it('an error of another kind is unreachable', () => {
    expect(readFailure(new Error('failed'), connecting)).toEqual({ kind: 'unreachable', reason: 'refused' });
  });
});

describe('after it was sent', () => {
  it.each([
    ['ECONNRESET', sent, 'reset', false],
    ['UND_ERR_SOCKET', sent, 'reset', false],
    ['EPIPE', sent, 'reset', false],
    ['ECONNRESET', sentOnReused, 'reset', true],
    ['UND_ERR_SOCKET', sentOnReused, 'reset', true],
    ['EPIPE', sentOnReused, 'reset', true],
    ['UND_ERR_SOCKET', hearing, 'bad-http', false],
    ['ECONNRESET', hearing, 'bad-http', false],
    ['HPE_INVALID_CONSTANT', sentOnReused, 'bad-http', false],
    ['UND_ERR_HEADERS_OVERFLOW', hearing, 'bad-http', false],
    ['HPE_INVALID_CHUNK_SIZE', inBody, 'bad-http', false],
    ['ECONNRESET', inBody, 'cut', false],
    ['UND_ERR_SOCKET', inBody, 'cut', false],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', inBody, 'cut', false],
    // A name that can't be looked up says nothing once a connection carries the request.
    ['ENOTFOUND', sent, 'reset', false],
  ])('%s is broken', (code, progress, reason, stale) => {
    expect(failure(code, progress)).toEqual({ kind: 'broken', reason, stale });
  });
});
