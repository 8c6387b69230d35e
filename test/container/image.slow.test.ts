import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callRpc, type Running, startNode, startSample } from '../examples/processes.ts';
import { releasedPort } from '../support/fake-upstream.ts';
import { until } from '../support/waiting.ts';
import { environment, execForm, last, parseDockerfile, type Stage } from './dockerfile.ts';
import { StageBuilder } from './stages.ts';

const NODE_IN_IMAGE = '/nodejs/bin/node';

/** The image: built as the Dockerfile says, in folders; started as Docker would start it. */
describe('the image that the Dockerfile describes', () => {
  const context = fileURLToPath(new URL('../../', import.meta.url));
  const workFolder = mkdtempSync(join(tmpdir(), 'image-'));
  let finalStage: Stage;
  let workdir: string;

  beforeAll(() => {
    const stages = parseDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8'));
    const builder = new StageBuilder(
      context,
      readFileSync(join(context, '.dockerignore'), 'utf8'),
      workFolder,
    );
    for (const stage of stages) {
      workdir = builder.build(stage);
      finalStage = stage;
    }
  }, 600_000);

  afterAll(() => rmSync(workFolder, { recursive: true, force: true }));

  /** Runs an exec-form command of the image: its node is ours, its environment is all there is. */
  function startInImage(command: readonly string[], env: Record<string, string>): Running {
    const [program, ...words] = command;
    expect(program).toBe(NODE_IN_IMAGE);
    return startNode(words, { ...environment(finalStage), ...env }, { cwd: workdir });
  }

  function command(name: 'ENTRYPOINT' | 'HEALTHCHECK'): string[] {
    return execForm(last(finalStage, name)?.text.replace(/^CMD\s+/, '') ?? '');
  }

  /** What `docker run --env-file` makes of a file: names and values as they stand, no quotes. */
  function envFile(text: string): Record<string, string> {
    const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  it('holds the program and what it needs to run, and nothing else', () => {
    expect(readdirSync(workdir).sort()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json']);
    expect(existsSync(join(workdir, 'dist/main.js'))).toBe(true);
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(workdir, 'package.json'), 'utf8'));
    const isInstalled = (name: string): boolean => existsSync(join(workdir, 'node_modules', name));
    expect(Object.keys(dependencies).filter((name) => !isInstalled(name))).toEqual([]);
    // Type declarations are left out of the question: a package that runs may ask for some.
    const tools = Object.keys(devDependencies).filter((name) => !name.startsWith('@types/'));
    expect(tools.filter(isInstalled)).toEqual([]);
  });

  it('serves with an env file, is healthy, and ends on SIGTERM', async () => {
    const port = await releasedPort();
    const sample = await startSample({ NAME: 'behind' });
    const env = envFile(
      `# comment\nRPC_URLS=${sample} name=one weight=2\nFALLBACK_RPC_URLS=none\nPORT=${port}\n`,
    );
    const daemon = startInImage(command('ENTRYPOINT'), env);
    const url = `http://127.0.0.1:${port}`;
    const isAlive = () =>
      fetch(`${url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await Promise.race([
      until(isAlive, 'the daemon listens', 15_000),
      daemon.ended.then((how) => expect.unreachable(`the daemon ended with ${how}: ${daemon.output()}`)),
    ]);

    const { body } = await callRpc(url, { jsonrpc: '2.0', id: 1, method: 'web3_clientVersion' });
    expect(body).toEqual({ jsonrpc: '2.0', id: 1, result: 'sample/behind' });
    expect(await startInImage(command('HEALTHCHECK'), env).ended).toBe(0);

    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(await startInImage(command('HEALTHCHECK'), env).ended).toBe(1);
  });

  it('ends with status 1 and says why when a setting is wrong', async () => {
    const daemon = startInImage(command('ENTRYPOINT'), envFile('RPC_URLS=ftp://one.example\n'));
    expect(await daemon.ended).toBe(1);
    expect(daemon.output()).toContain('RPC_URLS');
  });
});
