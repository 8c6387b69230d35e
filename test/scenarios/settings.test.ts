// Where settings come from, what is said about wrong ones, and the commands that end on their own.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { descriptorWarning } from '../../src/network/shortage.ts';
import { runDaemon, startBalancer, startDaemon } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';

let primary: FakeUpstream;

beforeAll(async () => {
  primary = await FakeUpstream.start('primary');
});

describe('settings', () => {
  it('are all checked before anything listens, one line for each problem', async () => {
    const port = await releasedPort();
    const { code, stdout, stderr } = await runDaemon(['--bogus-flag=1', `--port=${port}`], {
      RPC_URLS: 'ftp://user:hush@example.com/hidden-key',
      STRATEGY: 'best',
      REQUEST_TIMEOUT: '30',
      MAX_BODY: 'huge',
      RETRY_STATUS: '99',
    });
    const output = stdout + stderr;
    expect(code).toBe(1);
    const names = [
      'RPC_URLS',
      'FALLBACK_RPC_URLS',
      'STRATEGY',
      'REQUEST_TIMEOUT',
      'MAX_BODY',
      'RETRY_STATUS',
      'bogus-flag',
    ];
    for (const name of names) expect(output).toContain(name);
    expect(output).not.toMatch(/hush|hidden-key/);
    expect(output).not.toContain('Listening');
    expect(output).not.toMatch(/^\s+at /m);
  });

  it.each([
    ['a named file that is missing', ['--config=none.json'], {}],
    ['an unknown key', ['--config=c.json'], { 'c.json': '{"servers":["http://a"],"sorvers":[]}' }],
    ['a file that is no JSON', ['--config=c.json'], { 'c.json': '{servers' }],
    ['the same URL twice', ['--backends=http://a.test,http://a.test'], {}],
    ['a fragment', ['--backends=http://a.test/#x'], {}],
    ['a port that is none', ['--backends=http://a.test', '--port=70000'], {}],
    ['no upstream at all', [], {}],
  ])('with %s end the process with status 1', async (_, args, files) => {
    const { code, stdout, stderr } = await runDaemon(args, {}, files);
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/\S/);
    expect(stdout + stderr).not.toMatch(/^\s+at /m);
  });

  it('of an env file that is missing end the process', async () => {
    const { code, stdout, stderr } = await runDaemon(['--env-file=none.env']);
    // Node looks for --env-file in a program's own arguments too, and ends with 9 before the program runs.
    expect([1, 9]).toContain(code);
    expect(stdout + stderr).toContain('none.env');
  });

  it('come from the command line, then the environment, then .env, then the JSON file', async () => {
    const from = (name: string) => `http://${name}.test name=${name}`;
    const names = async (how: Parameters<typeof startDaemon>[0]) =>
      (await (await startDaemon(how)).stats()).map((row) => row.name);
    const files = {
      '.env': `RPC_URLS=${from('dotenv')}\nFALLBACK_RPC_URLS=none\n`,
      'c.json': `{"servers":["${from('json')}"],"healthCheck":"off"}`,
    };
    const env = { RPC_URLS: from('environment'), FALLBACK_RPC_URLS: 'none' };
    const args = ['--config=c.json'];
    expect(await names({ files: { 'c.json': files['c.json'] }, args })).toEqual(['json']);
    expect(await names({ files, args })).toEqual(['dotenv']);
    expect(await names({ files, args, env })).toEqual(['environment']);
    expect(await names({ files, args: [...args, `--backends=${from('flag')}`], env })).toEqual(['flag']);
  });

  it('work with one dash, and with the JSON file of other balancers', async () => {
    const port = await releasedPort();
    const args = [`-backends=${primary.url}`, `-port=${port}`];
    const daemon = await startDaemon({ args, env: { HEALTH_CHECK: 'off' } });
    expect(daemon.port).toBe(port);
    expect((await http(daemon.url)).text).toBe('primary');
    const config = {
      port: ':0',
      healthCheckInterval: '2s',
      lbAlgo: 'round-robin',
      servers: [primary.url],
      maxRetries: 3,
    };
    const files = { 'config.json': JSON.stringify(config) };
    const other = await startDaemon({ args: ['--config=config.json'], files });
    expect((await http(other.url)).text).toBe('primary');
  });
});

describe('a port that is taken', () => {
  it('ends the process with one clear line', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = Object(holder.address());
    const { code, stdout, stderr } = await runDaemon([`--backends=${primary.url}`], {
      PORT: `${port}`,
      HOST: '127.0.0.1',
      ADMIN_PORT: 'off',
    });
    holder.close();
    expect(code).toBe(1);
    const lines = (stdout + stderr).split('\n').filter((line) => line.includes(`${port}`));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/in use|EADDRINUSE/);
    expect(stdout + stderr).not.toMatch(/^\s+at /m);
  });
});

describe('commands', () => {
  it('--version and --help end well', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const printed = await runDaemon(['--version']);
    expect([printed.code, printed.stdout.trim()]).toEqual([0, expect.stringContaining(version)]);
    const help = await runDaemon(['--help']);
    expect(help.code).toBe(0);
    for (const flag of ['--backends', '--health-check-interval', '--check'])
      expect(help.stdout).toContain(flag);
  });

  it('--check asks each upstream once, shows the settings masked and says what is wrong', async () => {
    const good = await runDaemon(['--check', `--backends=${primary.url}/hidden-key name=good`]);
    expect(good.code).toBe(0);
    expect(good.stdout).toContain('good');
    const dead = `http://127.0.0.1:${await releasedPort()}/hidden-key name=dead`;
    const bad = await runDaemon([
      '--check',
      '--max-connections=1000000',
      `--backends=${primary.url} name=good,${dead}`,
    ]);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('dead');
    expect(good.stdout + good.stderr + bad.stdout + bad.stderr).not.toContain('hidden-key');
    // More than most systems give to one process.
    expect(bad.stderr).toContain(descriptorWarning(1_000_000) ?? '');
    expect((await runDaemon(['--check', '--backends=nonsense'])).code).toBe(1);
  });

  it('--check --format=json prints one document, also where a setting is wrong', async () => {
    const flags = ['--check', '--format=json', '--max-connections=1000000'];
    const good = await runDaemon([...flags, `--backends=${primary.url}/hidden-key name=good`]);
    expect(good.code).toBe(0);
    const warning = descriptorWarning(1_000_000);
    expect(JSON.parse(good.stdout)).toMatchObject({
      ok: true,
      warnings: warning === undefined ? [] : [warning],
      pools: [{ upstreams: [{ name: 'good', state: 'up', serves: 'json-rpc' }] }],
    });
    const bad = await runDaemon(flags, {}, { '.env': 'RPC_URL=http://a.test/hidden-key\n' });
    expect([bad.code, bad.stderr]).toEqual([1, '']);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      ok: false,
      problems: [
        expect.stringMatching(/^RPC_URLS: not set/),
        expect.stringMatching(/^FALLBACK_RPC_URLS: not set/),
      ],
      warnings: ['RPC_URL (.env line 1) is no setting and has no effect; did you mean RPC_URLS?'],
    });
    expect(good.stdout + bad.stdout).not.toContain('hidden-key');
  });

  it('--healthcheck asks the running daemon', async () => {
    const daemon = await startBalancer({ primaries: [primary] });
    const env = { PORT: `${daemon.port}`, HOST: '127.0.0.1' };
    expect((await runDaemon(['--healthcheck'], env)).code).toBe(0);
    await daemon.stop();
    expect((await runDaemon(['--healthcheck'], env)).code).toBe(1);
  });
});
