import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { Authority } from './certificates.ts';

it('certificates are what they say', () => {
  const authority = new Authority();
  const root = new X509Certificate(authority.cert);
  const leaf = new X509Certificate(authority.certify(['localhost', '127.0.0.1']).cert);
  expect([root.ca, leaf.ca]).toEqual([true, false]);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1');
  expect(new Date(leaf.validTo).getTime()).toBeGreaterThan(Date.now());
});
