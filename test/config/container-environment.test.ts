// What Kubernetes and Docker put into the environment, and nobody has written.
import { describe, expect, it } from 'vitest';
import { LISTS, load, problemsOf, problemsWith } from './loading.ts';

const PORTS = ['PORT', 'ADMIN_PORT', 'HTTP_REDIRECT_PORT'] as const;

describe('the address of a Kubernetes service', () => {
  it.each(PORTS)('in %s is ignored, with a warning', (name) => {
    for (const address of ['tcp://10.0.0.1:80', 'udp://10.0.0.1:53', 'tcp://[fd00::1]:80']) {
      const result = load({ env: { ...LISTS, [name]: address } });
      expect(result.ok && result.warnings).toEqual([
        `${name} (environment): ${address} is Kubernetes' address of a service, no port: ignored`,
      ]);
      expect(result.ok && result.sources.get(name)).toBe('default');
    }
  });

  it('leaves another place its say', () => {
    const env = { ...LISTS, ADMIN_PORT: 'tcp://10.0.0.1:80' };
    const result = load({ env, files: { '.env': 'ADMIN_PORT=7070' } });
    expect(result.ok && result.config.adminPort).toBe(7_070);
  });

  it('is a problem where somebody has written it', () => {
    const written = 'tcp://10.0.0.1:80';
    const problems = [
      ...problemsOf({ env: LISTS, files: { '.env': `ADMIN_PORT=${written}` } }),
      ...problemsOf({ env: LISTS, argv: [`--admin-port=${written}`] }),
      ...problemsWith({ HEALTH_CHECK_INTERVAL: written, ADMIN_PORT: 'tcp://10.0.0.1' }),
    ];
    expect(problems).toHaveLength(4);
  });

  it('is nothing to warn of as long as there is none', () => {
    const result = load({ env: { ...LISTS, ADMIN_PORT: '7070' } });
    expect(result.ok && result.warnings).toEqual([]);
  });
});

describe('quotes that belong to a value of the environment', () => {
  const QUOTED = 'there are quotes around the value';

  it.each(['"', "'", '`'])('are named: %s', (quote) => {
    const quoted = (text: string) => `${quote}${text}${quote}`;
    const url = 'https://eth.example/v2/HUSH1234?key=HUSH5678';
    const problems = problemsOf({
      env: {
        RPC_URLS: quoted(`${url}, https://two.example name=two`),
        FALLBACK_RPC_URLS: ` ${quoted('none')} `,
        PORT: quoted('8080'),
        SLACK_WEBHOOK_URL: quoted('https://hooks.example/HUSH1234'),
        ADMIN_TOKEN: quoted('HUSH1234'),
      },
    });
    expect(problems.map((problem) => problem.slice(0, problem.indexOf(' (')))).toEqual([
      'RPC_URLS',
      'FALLBACK_RPC_URLS',
      'PORT',
      'ADMIN_TOKEN',
      'SLACK_WEBHOOK_URL',
    ]);
    expect(problems.every((problem) => problem.includes(QUOTED) && problem.includes('docker'))).toBe(true);
    expect(problems.join()).not.toContain('HUSH');
  });

  it('are named around nothing, too', () => {
    expect(problemsWith({ SLACK_WEBHOOK_URL: '""' })).toEqual([expect.stringContaining(QUOTED)]);
  });

  it('are named around one URL of several', () => {
    const problems = problemsWith({ RPC_URLS: 'https://one.example, "https://two.example/HUSH"' });
    expect(problems).toEqual([expect.stringMatching(/entry 2: .*begins with a quote/)]);
    expect(problems.join()).not.toContain('HUSH');
  });

  it('are taken off in an env file', () => {
    expect(
      problemsOf({ files: { '.env': 'RPC_URLS="https://one.example"\nFALLBACK_RPC_URLS="none"' } }),
    ).toEqual([]);
  });
});
