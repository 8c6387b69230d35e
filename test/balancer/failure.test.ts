import { describe, expect, it } from 'vitest';
import { type Progress, readFailure } from '../../src/balancer/failure.ts';

const connecting: Progress = { sent: false, heard: false, headersDone: false, kept: false, secure: false };
const handshaking: Progress = { ...connecting, secure: true };
const sent: Progress = { ...connecting, sent: true };
const sentOnKept: Progress = { ...sent, kept: true };
const hearing: Progress = { ...sentOnKept, heard: true };
const inBody: Progress = { ...hearing, headersDone: true };

function failure(code: string, progress: Progress): unknown {
  return readFailure(Object.assign(new Error('failed'), { code }), progress);
}

describe('before anything was sent', () => {
  it.each([
    ['ECONNREFUSED', connecting, 'refused'],
    ['EHOSTUNREACH', connecting, 'refused'],
    ['ENETUNREACH', connecting, 'refused'],
    ['ECONNRESET', connecting, 'refused'],
    ['ENOTFOUND', connecting, 'dns'],
    ['EAI_AGAIN', connecting, 'dns'],
    ['EAI_FAIL', connecting, 'dns'],
    ['EAI_NODATA', connecting, 'dns'],
    ['EAI_NONAME', connecting, 'dns'],
    ['UND_ERR_CONNECT_TIMEOUT', connecting, 'connect-timeout'],
    ['ETIMEDOUT', connecting, 'connect-timeout'],
    ['UND_ERR_CONNECT_TIMEOUT', handshaking, 'connect-timeout'],
    ['ECONNREFUSED', handshaking, 'refused'],
    ['ECONNRESET', handshaking, 'tls'],
    ['EPROTO', handshaking, 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', handshaking, 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', handshaking, 'tls'],
    ['ERR_TLS_HANDSHAKE_TIMEOUT', handshaking, 'tls'],
    ['ERR_OSSL_X509_KEY_VALUES_MISMATCH', handshaking, 'tls'],
    ['CERT_HAS_EXPIRED', handshaking, 'tls'],
    ['CERT_NOT_YET_VALID', handshaking, 'tls'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', handshaking, 'tls'],
    ['SELF_SIGNED_CERT_IN_CHAIN', handshaking, 'tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', handshaking, 'tls'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', handshaking, 'tls'],
    ['INVALID_CA', handshaking, 'tls'],
    ['HOSTNAME_MISMATCH', handshaking, 'tls'],
  ])('%s is unreachable', (code, progress, reason) => {
    expect(failure(code, progress)).toEqual({ kind: 'unreachable', reason });
  });

  it('an error without a code is unreachable', () => {
    expect(readFailure(new Error('failed'), connecting)).toEqual({ kind: 'unreachable', reason: 'refused' });
  });
});

describe('after it was sent', () => {
  it.each([
    ['ECONNRESET', sent, 'reset', false],
    ['UND_ERR_SOCKET', sent, 'reset', false],
    ['EPIPE', sent, 'reset', false],
    ['ECONNRESET', sentOnKept, 'reset', true],
    ['UND_ERR_SOCKET', sentOnKept, 'reset', true],
    ['EPIPE', sentOnKept, 'reset', true],
    ['UND_ERR_SOCKET', hearing, 'bad-http', false],
    ['ECONNRESET', hearing, 'bad-http', false],
    ['HPE_INVALID_CONSTANT', sentOnKept, 'bad-http', false],
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
