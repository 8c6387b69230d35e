import { Transaction } from 'ethers';
import {
  commitmentToVersionedHash,
  concat,
  fromRlp,
  type Hex,
  keccak256,
  serializeTransaction,
  toHex,
  toRlp,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { rawTransactionHash } from '../../src/rpc/raw-transaction.ts';

const account = privateKeyToAccount(`0x${'46'.repeat(32)}`);
const to = `0x${'35'.repeat(20)}` as const;
const basics = { chainId: 1, nonce: 9, gas: 21_000n, to, value: 10n ** 18n } as const;
const fees = { maxFeePerGas: 30_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n } as const;
const accessList = [{ address: to, storageKeys: [`0x${'01'.repeat(32)}`] }] as const;
const sidecar = {
  blob: toHex(new Uint8Array(131_072).fill(7)),
  commitment: toHex(new Uint8Array(48).fill(8)),
  proof: toHex(new Uint8Array(48).fill(9)),
};
const blobFields = {
  ...basics,
  ...fees,
  type: 'eip4844',
  maxFeePerBlobGas: 5n,
  blobVersionedHashes: [commitmentToVersionedHash({ commitment: sidecar.commitment })],
} as const;

const signed: ReadonlyArray<readonly [string, () => Promise<Hex>]> = [
  ['legacy', () => account.signTransaction({ ...basics, type: 'legacy', gasPrice: 20_000_000_000n })],
  [
    'legacy before EIP-155',
    async () => {
      const { chainId: _, ...unbound } = basics;
      return account.signTransaction({ ...unbound, type: 'legacy', gasPrice: 20_000_000_000n });
    },
  ],
  ['EIP-2930', () => account.signTransaction({ ...basics, type: 'eip2930', gasPrice: 1n, accessList })],
  ['EIP-1559', () => account.signTransaction({ ...basics, ...fees, type: 'eip1559', accessList })],
  [
    'EIP-1559 with long data',
    () => account.signTransaction({ ...basics, ...fees, data: `0x${'ef'.repeat(70_000)}` }),
  ],
  ['EIP-4844 without its blobs', () => account.signTransaction(blobFields)],
  [
    'EIP-7702',
    async () => {
      const authorization = await account.signAuthorization({ address: to, chainId: 1, nonce: 10 });
      return account.signTransaction({
        ...basics,
        ...fees,
        type: 'eip7702',
        authorizationList: [authorization],
      });
    },
  ],
];

/** The example of EIP-155, then transactions signed with its key; the hashes are those that ethers gives. */
const vectors: ReadonlyArray<readonly [string, string, string]> = [
  [
    'the example of EIP-155',
    '0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
    '0x33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788',
  ],
  [
    'EIP-2930',
    '0x01f8a2010901825208943535353535353535353535353535353535353535880de0b6b3a764000080f838f7943535353535353535353535353535353535353535e1a0010101010101010101010101010101010101010101010101010101010101010180a0b022158fd02a0e383e3a4fa0400a1d924078f6364c464f856aae23d91ad79639a023d751e74e0590d8cfef6a2ceb6b211cdfebeaf608082efe46fc486d3b3a118f',
    '0x665e85a4c9f6763d229c0b35e716fe6c6e25bd37d9a5dfbc118816cb45cfef2b',
  ],
  [
    'EIP-1559',
    '0x02f8730109843b9aca008506fc23ac00825208943535353535353535353535353535353535353535880de0b6b3a764000080c001a0ad4241a480b4069450d9bd1823a3afb8bd5a697e2135056f13fc85778785a013a0782c2fc38f01d18de96e4f5caeb077484ef6d844f2ce873a475515552460c075',
    '0x8a3ff34f002402f5d26a11e21f0efcd1810e189a4ba6555cf013579c8ac06727',
  ],
  [
    'EIP-4844 without its blobs',
    '0x03f8960109843b9aca008506fc23ac00825208943535353535353535353535353535353535353535880de0b6b3a764000080c005e1a001d92e523f0e1f45009047ee172e53cad3991b79143420ca7be83d852650978601a0e338ac2c7d2f79e6f9085398c1ac6cace255a4c11c34cb8588f66ce0a7a53cdaa06a71b18cdd11c4b611e3d001f7441293b164a58ab6b7d26871884533940eb853',
    '0x9fe966d6d5e485bd98715fa1a4da8c8a267899d6bed4ef13a54d7e8a9fc82d39',
  ],
  [
    'EIP-4844 with its blobs',
    '0x03f90100f8960109843b9aca008506fc23ac00825208943535353535353535353535353535353535353535880de0b6b3a764000080c005e1a001d92e523f0e1f45009047ee172e53cad3991b79143420ca7be83d852650978601a0e338ac2c7d2f79e6f9085398c1ac6cace255a4c11c34cb8588f66ce0a7a53cdaa06a71b18cdd11c4b611e3d001f7441293b164a58ab6b7d26871884533940eb853c3820707f1b0080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808080808f1b0090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909090909',
    '0x9fe966d6d5e485bd98715fa1a4da8c8a267899d6bed4ef13a54d7e8a9fc82d39',
  ],
  [
    'EIP-7702',
    '0x04f8d10109843b9aca008506fc23ac00825208943535353535353535353535353535353535353535880de0b6b3a764000080c0f85cf85a019435353535353535353535353535353535353535350a01a0ac1df8a834640fbc22ee55937a87360dafe05ca724290c9ed594cc47c57e1c94a035ba6ebd2dcb44b83569232da6ac5f2b9ee8324f296b90ff42af21d23de5d29e01a0f58d79c6a554bf587aca10e5dc1cae7559596259f7d2aac6884ed823b9a428b2a077e4ec174eed05ee159f7baa5c1ac18aa4cad96851ff4833e4ffb593d6c3e4f9',
    '0x25359812914a9956bfd7c4460876561a5e93b60c5e3b82b0f7f60454562d357a',
  ],
];

describe('rawTransactionHash', () => {
  it.each(vectors)('knows the hash of %s', (_, raw, hash) => {
    expect(rawTransactionHash(raw)).toBe(hash);
    expect(rawTransactionHash(`0x${raw.slice(2).toUpperCase()}`)).toBe(hash);
  });

  it.each(signed)('agrees with viem and ethers on %s', async (_, sign) => {
    const raw = await sign();
    expect(rawTransactionHash(raw)).toBe(keccak256(raw));
    expect(rawTransactionHash(raw)).toBe(Transaction.from(raw).hash);
  });

  it('hashes a blob transaction without the blobs that travel with it', async () => {
    const bare = await account.signTransaction(blobFields);
    const wrapped = await account.signTransaction({ ...blobFields, sidecars: [sidecar] });
    expect(wrapped.length).toBeGreaterThan(262_144);
    expect(rawTransactionHash(wrapped)).toBe(keccak256(bare));
    expect(rawTransactionHash(wrapped)).toBe(Transaction.from(wrapped).hash);
  });

  it('hashes a blob transaction without its cell proofs either', async () => {
    const bare = await account.signTransaction(blobFields);
    const wrapped = toRlp([
      fromRlp(`0x${bare.slice(4)}`, 'hex'),
      '0x01',
      ['0x0707'],
      ['0x0808'],
      ['0x0909', '0x0a0a'],
    ]);
    expect(rawTransactionHash(concat(['0x03', wrapped]))).toBe(keccak256(bare));
  });

  it.each([
    ['no string', 1],
    ['nothing', undefined],
    ['an object', { tx: '0x00' }],
    ['an empty string', ''],
    ['no bytes', '0x'],
    ['half a byte', '0xf86'],
    ['no hexadecimal digit', '0xzz'],
    ['no prefix', 'f86c'],
    ['a line end after it', `${vectors[0]?.[1]}\n`],
    ['a string item', '0x83616263'],
    ['an empty list', '0xc0'],
    ['a type without a transaction', '0x02'],
    ['an empty typed transaction', '0x02c0'],
    ['a list whose length is missing', '0xff'],
    ['a list whose length is cut', '0xf9ff'],
    ['a list longer than any memory', '0xffffffffffffffffff'],
  ])('is undefined for %s', (_, raw) => {
    expect(rawTransactionHash(raw)).toBeUndefined();
  });

  it('is undefined for an unsigned, a longer or a cut transaction', async () => {
    const unsigned = serializeTransaction({ ...basics, ...fees, type: 'eip1559' });
    expect(rawTransactionHash(unsigned)).toBeUndefined();
    for (const [, sign] of signed) {
      const raw = await sign();
      expect(rawTransactionHash(`${raw}00`)).toBeUndefined();
      expect(rawTransactionHash(raw.slice(0, -2))).toBeUndefined();
    }
  });

  it('is undefined for types that it does not know, which may be hashed otherwise', async () => {
    const raw = await account.signTransaction({ ...basics, ...fees, type: 'eip1559' });
    for (const type of ['0x00', '0x05', '0x71', '0x7b', '0x7e', '0x7f'] as const) {
      expect(rawTransactionHash(concat([type, `0x${raw.slice(4)}`]))).toBeUndefined();
    }
  });

  it('is undefined for a wrapper around something else, and for the wrapper under another type', async () => {
    const wrapper = toRlp([['0x01', '0x02'], ['0x01'], ['0x01'], ['0x01']]);
    expect(rawTransactionHash(concat(['0x03', wrapper]))).toBeUndefined();
    const wrapped = await account.signTransaction({
      ...blobFields,
      sidecars: [{ blob: '0x0101', commitment: '0x0202', proof: '0x0303' }] as const,
    });
    expect(rawTransactionHash(wrapped)).toBeDefined();
    expect(rawTransactionHash(concat(['0x02', `0x${wrapped.slice(4)}`]))).toBeUndefined();
  });
});
