import { describe, expect, it } from 'vitest';
import { maskUrl } from '../src/masking.ts';

describe('maskUrl', () => {
  it.each([
    ['https://eth.example/v2/KEY?key=KEY', 'https://eth.example'],
    ['https://USER:KEY@eth.example:8545/', 'https://eth.example:8545'],
    ['https://eth.example:443/KEY', 'https://eth.example'],
    ['http://[::1]:8545/KEY', 'http://[::1]:8545'],
    ['http://node_1:8545?KEY', 'http://node_1:8545'],
  ])('shows scheme, host and port of %s', (url, masked) => {
    expect(maskUrl(url)).toBe(masked);
    expect(maskUrl(new URL(url))).toBe(masked);
  });

  it.each([
    ['user:KEY@eth.example/KEY', 'eth.example'],
    ['https:/eth.example/KEY', 'https://eth.example'],
    ['eth.example:8545/KEY', 'eth.example:8545'],
    ['127.0.0.1:8545/KEY', '127.0.0.1:8545'],
    ['localhost:8545', 'localhost:8545'],
    ['https://eth.example:99999/KEY', 'https://eth.example:99999'],
    ['ftp://user:KEY@eth.example/KEY', 'ftp://eth.example'],
    ['  https://eth.example/KEY', 'https://eth.example'],
    ['https:\\\\eth.example\\KEY', 'https://eth.example'],
  ])('guesses the host of the broken %s', (text, masked) => {
    expect(maskUrl(text)).toBe(masked);
  });

  it.each([
    'KEY',
    'user:KEY',
    'https:///KEY/more',
    'https://user:KEY@/path',
    'https://:8080/KEY',
    'https://user:1234/KEY@eth.example',
    'https://user:12#KEY@eth.example',
    'https://user:KEY/more@eth.example',
    'user.name:1234/KEY@eth.example',
    'https:KEY',
    'http:/KEY',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.KEY',
    'https%3A%2F%2Fuser%3AKEY%40eth.example',
    '',
    'KEY eth.example',
  ])('shows nothing of %s, where the host can not be told', (text) => {
    expect(maskUrl(text)).toMatch(/^(https?:\/\/)?\*\*\*$/);
  });

  it('shows nothing of a URL without a host', () => {
    expect(maskUrl(new URL('data:text/plain,KEY'))).toBe('***');
    expect(maskUrl(new URL('user:KEY@eth.example'))).toBe('***');
  });
});
