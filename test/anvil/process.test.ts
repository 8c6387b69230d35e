// The nodes that the other tests of this folder stand on.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { Anvil, anvilProgram } from '../support/anvil.ts';
import { http, rpc } from '../support/http-client.ts';

const runs = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('a node answers with the chain id that it was given', async () => {
  const anvil = await Anvil.start(4_711);
  expect((await rpc(anvil.url, 'eth_chainId')).reply.result).toBe('0x1267');
});

it.each([
  ['killed', (anvil: Anvil) => anvil.kill()],
  ['stopped', (anvil: Anvil) => anvil.stop()],
  [
    'frozen and killed',
    (anvil: Anvil) => {
      anvil.freeze();
      return anvil.kill();
    },
  ],
])('a %s node is gone, and starts again on its port', async (_, end) => {
  const anvil = await Anvil.start();
  const { pid, url } = anvil;
  expect(runs(pid)).toBe(true);
  await end(anvil);
  expect([runs(pid), anvil.hasExited]).toEqual([false, true]);
  await expect(http(url)).rejects.toThrow('ECONNREFUSED');
  await anvil.startAgain();
  expect(anvil.url).toBe(url);
  expect((await rpc(url, 'eth_chainId')).reply.result).toBe('0x7a69');
});

it('a node does not start over one that runs, nor on a port that is taken', async () => {
  const anvil = await Anvil.start();
  await expect(anvil.startAgain()).rejects.toThrow('runs already');
  await anvil.kill();
  const silent = () => {};
  const occupant = createServer(silent).listen(anvil.port, '127.0.0.1');
  await once(occupant, 'listening');
  await expect(anvil.startAgain()).rejects.toThrow(/ended before it answered.*in use/s);
  occupant.closeAllConnections();
  occupant.close();
});

it('a platform without the program is named', () => {
  expect(() => anvilProgram('sunos-x64')).toThrow('there is no Anvil for sunos-x64');
  const [missing, name] =
    process.platform === 'darwin'
      ? ['win32-x64', '@foundry-rs/anvil-win32-amd64']
      : ['darwin-x64', '@foundry-rs/anvil-darwin-amd64'];
  expect(() => anvilProgram(missing)).toThrow(`${name} is not installed; it is an optional dependency`);
});
