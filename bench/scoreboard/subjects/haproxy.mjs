import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../lib/find-program.mjs';

const program = findProgram('haproxy');

/**
 * What of its manual serves here: all that its version can repeat is repeated (429 is not among it), at another
 * provider each time; it watches answers, and asks each provider a JSON-RPC question twice a second.
 */
function configuration({ port, upstreamPorts }) {
  const question = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}';
  const servers = upstreamPorts.map((upstream, index) => `server u${index} 127.0.0.1:${upstream}`);
  return `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 1s
  timeout client 75s
  timeout server 5s
  timeout queue 5s
  timeout check 1s
  timeout http-keep-alive 75s
listen rpc
  bind 127.0.0.1:${port} backlog 4096
  balance leastconn
  http-reuse always
  retries 4
  option redispatch 1
  retry-on conn-failure empty-response junk-response response-timeout 0rtt-rejected 401 403 404 408 425 500 501 502 503 504
  option httpchk
  http-check send meth POST uri / ver HTTP/1.1 hdr Host check hdr Content-Type application/json body '${question}'
  http-check expect string jsonrpc
  default-server check inter 500ms fall 2 rise 2 observe layer7 error-limit 5 on-error mark-down
  ${servers.join('\n  ')}
`;
}

export const haproxies = program && {
  haproxy: {
    about: 'repeats what it can, checks each provider twice a second, leaves out what fails',
    version: () => /version (\S+)/.exec(execFileSync(program, ['-v'], { encoding: 'utf8' }))[1],
    weight: 0.3,
    launch: (place) => {
      const file = join(place.folder, 'haproxy.cfg');
      writeFileSync(file, configuration(place));
      return { command: program, args: ['-q', '-db', '-f', file] };
    },
    // Its graceful end; SIGTERM cuts what is under way.
    stopSignal: 'SIGUSR1',
  },
};
