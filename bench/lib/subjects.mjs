import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { daemonFile } from './build.mjs';
import { findProgram } from './find-program.mjs';
import { freePort, scratchFolder, startProgram, untilAnswers } from './programs.mjs';
import { QUESTION } from './question.mjs';

const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The dist/main.js of another build, to compare with. */
const earlierFile = process.env.EARLIER_BUILD;

/** How each proxy is started: port, upstream's port, the daemon's file -> command, args, env, and whether its output is a log. */
const launches = {
  daemon: (port, upstreamPort, file) => ({
    args: [file],
    env: {
      PORT: `${port}`,
      HOST: '127.0.0.1',
      // Open, as by default, but on any free port.
      ADMIN_PORT: '0',
      RPC_URLS: `http://127.0.0.1:${upstreamPort}`,
      FALLBACK_RPC_URLS: 'none',
    },
    logs: true,
  }),
  // The same upstream in a pool with a path, beside 100 pools of 5 upstreams each.
  pools: (port, upstreamPort, file) => {
    const { env, ...how } = launches.daemon(port, upstreamPort, file);
    const own = { RPC_URLS_MEASURED: env.RPC_URLS, FALLBACK_RPC_URLS_MEASURED: 'none' };
    const lists = Array.from({ length: 100 }, (_, pool) => [
      [`RPC_URLS_P${pool}`, listOf(upstreamPort, pool)],
      [`FALLBACK_RPC_URLS_P${pool}`, 'none'],
    ]);
    // Health checks cost by the upstream, not by the request.
    const pools = { ...own, ...Object.fromEntries(lists.flat()), HEALTH_CHECK: 'off' };
    return { ...how, path: '/measured', env: { ...env, ...pools } };
  },
  'two-workers': (port, upstreamPort, file) => {
    const { env, ...how } = launches.daemon(port, upstreamPort, file);
    return { ...how, env: { ...env, WORKERS: '2' } };
  },
  earlier: (port, upstreamPort) => launches.daemon(port, upstreamPort, earlierFile),
  naive: (port, upstreamPort) => ({ args: [fileHere('naive-proxy.mjs'), `${port}`, `${upstreamPort}`] }),
  'http-proxy': (port, upstreamPort) => ({
    // It calls an API that Node warns of (DEP0060).
    args: ['--no-deprecation', fileHere('http-proxy.mjs'), `${port}`, `${upstreamPort}`],
  }),
  nginx: (port, upstreamPort) => ({
    command: installed('nginx'),
    args: ['-p', scratchFolder(), '-e', 'stderr', '-c', written('nginx.conf', nginxConf(port, upstreamPort))],
  }),
  haproxy: (port, upstreamPort) => ({
    command: installed('haproxy'),
    args: ['-q', '-db', '-f', written('haproxy.cfg', haproxyConf(port, upstreamPort))],
  }),
};

/** Five upstreams with different URLs, all at one port. */
function listOf(port, pool) {
  return Array.from({ length: 5 }, (_, index) => `http://127.0.0.1:${port}/${pool}/${index}`).join(', ');
}

/** What can be measured beside others on one core, the daemon first. */
export const subjectNames = Object.keys(launches).filter(
  (name) => name !== 'two-workers' && (name !== 'earlier' || earlierFile),
);

/**
 * Starts a proxy in front of the upstream, on the core. Resolves once it answers through it.
 * Throws when it isn't installed, or doesn't get that far.
 */
export async function startSubject(name, upstreamPort, core, file = daemonFile) {
  const port = await freePort();
  const { logs, path = '/', ...how } = launches[name](port, upstreamPort, file);
  // A file rather than nothing: to write the log is a part of the work.
  const stdout = logs ? openSync(join(scratchFolder(), `${name}.log`), 'a') : undefined;
  const program = startProgram(name, { ...how, core, stdout });
  if (stdout !== undefined) closeSync(stdout);
  await untilAnswers(program, port, QUESTION);
  return { name, port, path, pid: program.pid, program };
}

/** Starts the upstream of all of them; `answerBytes`: the length of its answer, where it matters. */
export async function startUpstream(core, answerBytes) {
  const port = await freePort();
  const size = answerBytes === undefined ? [] : [`${answerBytes}`];
  const args = [fileHere('upstream.mjs'), `${port}`, ...size];
  const program = startProgram('upstream', { args, core, ipc: true });
  await untilAnswers(program, port, QUESTION);
  return { port, pid: program.pid, program };
}

function installed(name) {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

function written(name, text) {
  const path = join(scratchFolder(), name);
  writeFileSync(path, text);
  return path;
}

/** Its defaults (with access log), one worker, and connections that are kept on both sides. */
function nginxConf(port, upstreamPort) {
  const spool = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log access.log;
${spool.map((kind) => `  ${kind}_temp_path ${kind};`).join('\n')}
  upstream rpc {
    server 127.0.0.1:${upstreamPort};
    keepalive 128;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 100000000;
    location / {
      proxy_pass http://rpc;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}

/** Its defaults (without access log), one thread. */
function haproxyConf(port, upstreamPort) {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 75s
  timeout server 30s
listen rpc
  bind 127.0.0.1:${port}
  http-reuse always
  server upstream 127.0.0.1:${upstreamPort}
`;
}
