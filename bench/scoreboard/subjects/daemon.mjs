import { readFileSync } from 'node:fs';
import { daemonFile } from '../../lib/build.mjs';

/** The dist/main.js of another build, to compare with. */
const earlierFile = process.env.EARLIER_BUILD;

const versionOf = (file) => {
  const { version } = JSON.parse(readFileSync(new URL('version.json', `file://${file}`), 'utf8'));
  return version;
};

/** The daemon as it is without settings: only its ports and upstreams are named. */
const daemon = (file) => ({
  version: () => versionOf(file),
  weight: 1,
  launch: ({ port, upstreamPorts }) => ({
    args: [file],
    env: {
      PORT: `${port}`,
      HOST: '127.0.0.1',
      // Open, as by default, but on any free port.
      ADMIN_PORT: '0',
      RPC_URLS: upstreamPorts.map((upstream, index) => `http://127.0.0.1:${upstream} name=u${index}`).join(),
      FALLBACK_RPC_URLS: 'none',
    },
  }),
  stopSignal: 'SIGTERM',
});

export const daemons = {
  daemon: { about: 'default settings', ...daemon(daemonFile) },
  ...(earlierFile && { earlier: { about: 'an earlier build, default settings', ...daemon(earlierFile) } }),
};
