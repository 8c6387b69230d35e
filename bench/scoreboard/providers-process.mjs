// All providers of one scenario, each on its own port, in a process of their own with an IPC channel. Messages:
//   { specs, seed }        starts them         -> { ports }
//   { change, of }         changes these       -> { changed: true }
//   { ask: 'counts' }      -> { counts }: accepted, refused and failed calls since the start, of all together
import { seededRandom } from '../lib/seeded-random.mjs';
import { Provider } from './provider.mjs';

let providers = [];

async function start({ specs, seed }) {
  providers = specs.map((spec, index) => new Provider(spec, seededRandom(seed + index)));
  return { ports: await Promise.all(providers.map((provider) => provider.listen())) };
}

async function change({ change: wanted, of }) {
  await Promise.all(of.map((index) => providers[index].change(wanted)));
  return { changed: true };
}

function counts() {
  const sum = (what) => providers.reduce((total, provider) => total + provider.counts[what], 0);
  return { counts: { accepted: sum('accepted'), refused: sum('refused'), failed: sum('failed') } };
}

process.on('message', async (message) => {
  if (message.specs) process.send(await start(message));
  else if (message.change) process.send(await change(message));
  else process.send(counts());
});
process.once('disconnect', () => process.exit());
