import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../lib/find-program.mjs';

const program = findProgram('nginx');

/**
 * What of its manual serves here: whatever went wrong is tried again at the next provider, POST requests too, as
 * often as there are providers; connections are kept; few at once goes first.
 */
function configuration({ port, upstreamPorts, folder }, ejecting) {
  const spool = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const servers = upstreamPorts.map((upstream) => `server 127.0.0.1:${upstream} ${ejecting};`);
  return `daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log crit;
events { worker_connections 8192; }
http {
  access_log ${folder}/access.log;
${spool.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')}
  upstream rpc {
    zone rpc 256k;
    least_conn;
    ${servers.join('\n    ')}
    keepalive 512;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    keepalive_requests 100000000;
    location / {
      proxy_pass http://rpc;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout 1s;
      proxy_send_timeout 5s;
      proxy_read_timeout 5s;
      proxy_next_upstream error timeout invalid_header http_403 http_429 http_500 http_502 http_503 http_504 non_idempotent;
      proxy_next_upstream_tries 0;
    }
  }
}
`;
}

const nginx = (ejecting) => ({
  version: () =>
    /nginx\/(\S+)/.exec(execFileSync('sh', ['-c', `'${program}' -v 2>&1`], { encoding: 'utf8' }))[1],
  launch: (place) => {
    const file = join(place.folder, 'nginx.conf');
    writeFileSync(file, configuration(place, ejecting));
    return {
      command: program,
      args: ['-p', place.folder, '-e', join(place.folder, 'nginx.log'), '-c', file],
    };
  },
  // Its graceful end; SIGTERM cuts what is under way.
  stopSignal: 'SIGQUIT',
});

export const nginxes = program && {
  'nginx-ejecting': {
    weight: 0.25,
    about: 'leaves a provider out for 10 s after a failure or a refusal',
    ...nginx('max_fails=1 fail_timeout=10s'),
  },
  'nginx-never': { about: 'leaves nobody out', weight: 0.4, ...nginx('max_fails=0') },
};
