// examples/kubernetes: what it names is there, fits together, and is what the program understands.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import type { Config } from '../../src/config/config.ts';
import { SETTINGS } from '../../src/config/table/settings.ts';
import { configOf, problemsOf } from '../config/loading.ts';
import { uncommented } from '../container/compose-file.ts';
import { balanceHere } from '../support/app.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { filesBelow, Kustomization } from './kustomization.ts';
import { type Container, type Manifest, manifest } from './manifest-schemas.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/kubernetes/', import.meta.url));
const ADMIN_TOKEN = 'token-of-an-operator';
const PASSWORD = 'a1b2c3';
const NAME = 'rpc-load-balancer';
const COMPONENTS = ['monitoring', 'valkey'];
/** Beside settings: what Node reads, and what REDIS_URL is made of. */
const OTHER_VARIABLES = ['NODE_OPTIONS', 'VALKEY_PASSWORD'];
const LAST_ALERTS_S = 2;

let folder: string;
let all: Kustomization;
let plain: Kustomization;

/** Follows README.md: the secrets are made, then the components taken in. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubernetes-'));
  cpSync(EXAMPLE, folder, { recursive: true, filter: (name) => !/[/\\]secrets\.env$/.test(name) });
  const secrets = readFileSync(join(folder, 'secrets.example.env'), 'utf8');
  writeFileSync(join(folder, 'secrets.env'), `${secrets}ADMIN_TOKEN=${ADMIN_TOKEN}\n`);
  writeFileSync(join(folder, 'components/valkey/secrets.env'), `VALKEY_PASSWORD=${PASSWORD}\n`);
  plain = new Kustomization(folder);
  const file = join(folder, 'kustomization.yaml');
  const lines = ['components:', ...COMPONENTS.map((name) => `  - components/${name}`)];
  writeFileSync(file, uncommented(readFileSync(file, 'utf8'), lines));
  all = new Kustomization(folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;

function deployment(name: string) {
  const found = all.all('Deployment').find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`no deployment ${name}`);
  const { spec } = found;
  return { spec, pod: spec.template.spec, container: spec.template.spec.containers[0] };
}

/** The values of a ConfigMap or Secret. */
function dataOf(kind: 'ConfigMap' | 'Secret', name: string): Record<string, string> {
  const found = all.all(kind).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  if (found.kind === 'ConfigMap') return found.data;
  return Object.fromEntries(Object.entries(found.data).map(([key, value]) => [key, atob(value)]));
}

/** What the kubelet makes of envFrom and env: later ones win, and $(NAME) stands for an earlier one of `env`. */
function environmentOf({ envFrom, env }: Container): Record<string, string> {
  const values: Record<string, string> = {};
  for (const source of envFrom)
    Object.assign(
      values,
      'secretRef' in source
        ? dataOf('Secret', source.secretRef.name)
        : dataOf('ConfigMap', source.configMapRef.name),
    );
  const earlier: Record<string, string> = {};
  for (const variable of env) {
    if ('value' in variable)
      earlier[variable.name] = variable.value.replaceAll(
        /\$\((\w+)\)/g,
        (whole, name) => earlier[name] ?? whole,
      );
    else {
      const { name, key } = variable.valueFrom.secretKeyRef;
      earlier[variable.name] = dataOf('Secret', name)[key] ?? expect.unreachable(`${name} lacks ${key}`);
    }
  }
  return { ...values, ...earlier };
}

const balancerEnv = () => environmentOf(deployment(NAME).container);
const config = (): Config => configOf({ env: balancerEnv() });

/** Whether a selector chooses something with these labels. */
const chooses = (selector: Record<string, string>, labels: Record<string, string> | undefined) =>
  Object.entries(selector).every(([key, value]) => labels?.[key] === value);

/** The pods that a selector chooses: their deployments. */
const podsOf = (selector: Record<string, string>) =>
  all.all('Deployment').filter(({ spec }) => chooses(selector, spec.template.metadata.labels));

const megabytes = (quantity: string) => Number.parseInt(quantity, 10) * (quantity.endsWith('Gi') ? 1_024 : 1);

describe('what is applied', () => {
  it('is all that the folder has', () => {
    expect(plain.manifests.map(nameOf)).toEqual([
      ...['Namespace', 'Deployment', 'Service', 'PodDisruptionBudget'].map((kind) => `${kind} ${NAME}`),
      ...['HorizontalPodAutoscaler', 'NetworkPolicy'].map((kind) => `${kind} ${NAME}`),
      `ConfigMap ${NAME}-settings`,
      `Secret ${NAME}-secrets`,
    ]);
    const isNoManifest = (name: string) => /README|^\.gitignore$|\.example\.env$/.test(name);
    expect([...new Set(all.files)].sort()).toEqual(filesBelow(folder, isNoManifest));
    expect(all.manifests.map(nameOf)).toEqual(expect.arrayContaining(plain.manifests.map(nameOf)));
  });

  it('is in the namespace, which demands what the pods keep to', () => {
    const [namespace] = all.all('Namespace');
    expect(namespace?.metadata).toMatchObject({
      name: NAME,
      labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    });
    const elsewhere = all.manifests.filter(({ metadata }) => metadata.namespace !== NAME);
    expect(elsewhere.map(({ kind }) => kind)).toEqual(['Namespace']);
  });

  it('is what kustomize makes of the folder, where kubectl is installed', () => {
    const { stdout } = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
    const version = stdout ? Number(/v(\d+)/.exec(JSON.parse(stdout).kustomizeVersion)?.[1]) : 0;
    // Older ones know no components; then nobody else can tell.
    if (!(version >= 5)) return expect(version >= 5).toBe(false);
    const built = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
    expect(built.stderr).toBe('');
    // The hash behind the name of what is generated.
    const text = built.stdout.replaceAll(
      /(rpc-load-balancer-(?:settings|secrets|valkey))-[a-z0-9]{10}\b/g,
      '$1',
    );
    expect(text).not.toBe(built.stdout);
    expect(built.stdout).not.toMatch(/name: rpc-load-balancer-(settings|secrets)$/m);
    const byName = (these: Manifest[]) => Object.fromEntries(these.map((each) => [nameOf(each), each]));
    const documents = parseAllDocuments(text).map((document) => {
      const value = document.toJS();
      // Long values are wrapped.
      if (value.kind === 'Secret')
        for (const [key, data] of Object.entries(value.data))
          value.data[key] = `${data}`.replaceAll(/\s/g, '');
      return manifest.parse(value);
    });
    expect(byName(documents)).toEqual(byName(all.manifests));
  });
});

describe('what names something', () => {
  it('finds the pods that it selects, and their ports', () => {
    const selectors = [
      ...all.all('Deployment').map(({ spec }) => spec.selector.matchLabels),
      ...all.all('Service').map(({ spec }) => spec.selector),
      ...all.all('PodDisruptionBudget').map(({ spec }) => spec.selector.matchLabels),
      ...all.all('NetworkPolicy').map(({ spec }) => spec.podSelector.matchLabels),
      ...deployment(NAME).pod.topologySpreadConstraints.map(({ labelSelector }) => labelSelector.matchLabels),
    ];
    expect(selectors.map((selector) => podsOf(selector).length)).toEqual(selectors.map(() => 1));

    const portsOf = (selector: Record<string, string>) =>
      podsOf(selector).flatMap(({ spec }) => spec.template.spec.containers[0].ports.map(({ name }) => name));
    for (const { spec } of all.all('Service'))
      for (const { targetPort } of spec.ports) expect(portsOf(spec.selector)).toContain(targetPort);
    for (const { spec } of all.all('NetworkPolicy'))
      for (const { port } of spec.ingress.flatMap(({ ports }) => ports))
        expect(portsOf(spec.podSelector.matchLabels)).toContain(port);
  });

  it('lets Valkey be reached by the load balancer alone, and the admin port by Prometheus alone', () => {
    const policies = all
      .all('NetworkPolicy')
      .map(({ metadata, spec }) => [
        metadata.name,
        spec.ingress.map(({ from, ports }) => [
          ports.map(({ port }) => port),
          from?.map((peer) => podsOf(peer.podSelector?.matchLabels ?? {}).map((each) => each.metadata.name)),
        ]),
      ]);
    expect(policies).toEqual([
      [NAME, [[['http'], undefined]]],
      [`${NAME}-admin`, [[['admin'], [[]]]]],
      [`${NAME}-valkey`, [[['valkey'], [[NAME]]]]],
    ]);
  });

  it('scales the deployment, whose number of replicas nothing else sets', () => {
    const [autoscaler] = all.all('HorizontalPodAutoscaler');
    const { scaleTargetRef, minReplicas = 0, maxReplicas = 0 } = autoscaler?.spec ?? {};
    expect(scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: NAME });
    expect(deployment(NAME).spec.replicas).toBeUndefined();
    // One may be away at a time, and the others serve.
    expect(minReplicas).toBeGreaterThan(all.all('PodDisruptionBudget')[0]?.spec.maxUnavailable ?? 0);
    expect(maxReplicas).toBeGreaterThan(minReplicas);
  });

  it('scrapes the admin port of every pod, with the token, under the name that the alert rules know', () => {
    const [monitor] = all.all('ServiceMonitor');
    const { selector, endpoints = [], jobLabel = '' } = monitor?.spec ?? {};
    const services = all
      .all('Service')
      .filter(({ metadata }) => chooses(selector?.matchLabels ?? {}, metadata.labels));
    expect(services.map(({ metadata, spec }) => [metadata.name, spec.publishNotReadyAddresses])).toEqual([
      [`${NAME}-admin`, true],
    ]);
    const [service] = services;
    expect(endpoints.map(({ port }) => port)).toEqual(service?.spec.ports.map(({ name }) => name));
    const { name = '', key = '' } = endpoints[0]?.authorization.credentials ?? {};
    expect(dataOf('Secret', name)[key]).toBe(ADMIN_TOKEN);
    const rules = readFileSync(join(EXAMPLE, '../monitoring/alerts.yml'), 'utf8');
    expect(rules).toContain(`job="${service?.metadata.labels[jobLabel]}"`);
  });

  it('has Kustomize put the hash into the ServiceMonitor, too', () => {
    const text = readFileSync(join(folder, 'components/monitoring/name-references.yaml'), 'utf8');
    expect(parse(text).nameReference[0].fieldSpecs).toEqual([
      { kind: 'ServiceMonitor', path: 'spec/endpoints/authorization/credentials/name' },
    ]);
  });
});

describe('the settings', () => {
  it('are ones that the program has, and valid', () => {
    const known = new Set([
      ...SETTINGS.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias])),
      ...OTHER_VARIABLES,
    ]);
    const unknown = Object.keys(balancerEnv()).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
    expect(config()).toMatchObject({ adminHost: '0.0.0.0', adminToken: ADMIN_TOKEN, healthCheck: 'rpc' });
  });

  it('that are commented out are, too', () => {
    for (const file of ['settings.env', 'secrets.example.env']) {
      const text = readFileSync(join(EXAMPLE, file), 'utf8');
      const offered = [...text.matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [
        name,
        value,
      ]);
      expect(offered.length).toBeGreaterThan(0);
      expect(
        problemsOf({
          env: { ...balancerEnv(), ...Object.fromEntries(offered.filter(([, value]) => value)) },
        }),
      ).toEqual([]);
      const names: readonly string[] = SETTINGS.map(({ name }) => name);
      expect(offered.map(([name]) => name).filter((name = '') => !names.includes(name))).toEqual([]);
    }
  });

  it('with keys are in the Secret, which git ignores, and has no token that anybody could know', () => {
    expect(Object.keys(dataOf('Secret', `${NAME}-secrets`))).toEqual([
      'RPC_URLS',
      'FALLBACK_RPC_URLS',
      'ADMIN_TOKEN',
    ]);
    const secretNames = SETTINGS.filter(({ secret }) => secret !== undefined).map(({ name }) => name);
    const open = Object.keys(dataOf('ConfigMap', `${NAME}-settings`));
    expect(open.filter((name) => secretNames.includes(name))).toEqual([]);
    expect(readFileSync(join(EXAMPLE, '.gitignore'), 'utf8')).toBe('secrets.env\n');
    const { ADMIN_TOKEN: _token, ...withoutToken } = balancerEnv();
    expect(problemsOf({ env: withoutToken }).join()).toContain('ADMIN_TOKEN');
  });

  it('make the replicas use Valkey, with its password', () => {
    const { REDIS_URL = '', REDIS_PREFIX } = balancerEnv();
    const { protocol, password, hostname, port } = new URL(REDIS_URL);
    expect([protocol, password, REDIS_PREFIX]).toEqual(['redis:', PASSWORD, 'rpc-lb']);
    const service = all.all('Service').find(({ metadata }) => metadata.name === hostname);
    expect(service?.spec.ports.map((each) => `${each.port}`)).toEqual([port]);
    const { container } = deployment(`${NAME}-valkey`);
    expect(environmentOf(container)).toEqual({ VALKEY_PASSWORD: PASSWORD });
    expect(container.args?.slice(0, 2)).toEqual(['--requirepass', '$(VALKEY_PASSWORD)']);
    expect(container.ports[0]?.containerPort).toBe(Number(port));
  });
});

describe('the pods of the load balancer', () => {
  it('run the image as the user that it is made for', () => {
    const user = /^USER (\d+):(\d+)$/m.exec(readFileSync(join(EXAMPLE, '../../Dockerfile'), 'utf8'));
    const { runAsUser, runAsGroup } = deployment(NAME).pod.securityContext;
    expect([runAsUser, runAsGroup]).toEqual([Number(user?.[1]), Number(user?.[2])]);
    const [base] = plain.all('Deployment');
    expect(base?.spec.template.spec.containers[0].image).toBe(`registry.example/${NAME}:0.1.0`);
  });

  it('have the ports of the settings', () => {
    const { port, adminPort } = config();
    expect(deployment(NAME).container.ports).toEqual([
      { name: 'http', containerPort: port },
      { name: 'admin', containerPort: adminPort },
    ]);
  });

  it('have the time to end that the settings take', () => {
    const { shutdownDelayMs, shutdownTimeoutMs } = config();
    const needed = (shutdownDelayMs + shutdownTimeoutMs) / 1_000 + LAST_ALERTS_S;
    expect(shutdownDelayMs).toBeGreaterThan(0);
    expect(deployment(NAME).pod.terminationGracePeriodSeconds).toBeGreaterThan(needed);
  });

  it('are told of in README.md with the times that they have', () => {
    const readme = readFileSync(join(EXAMPLE, 'README.md'), 'utf8');
    const { shutdownDelayMs, shutdownTimeoutMs } = config();
    const { spec, pod } = deployment(NAME);
    for (const told of [
      `ready for ${spec.minReadySeconds} s`,
      `\`SHUTDOWN_DELAY\` (${shutdownDelayMs / 1_000} s)`,
      `\`SHUTDOWN_TIMEOUT\` (${shutdownTimeoutMs / 1_000} s)`,
      `after ${pod.terminationGracePeriodSeconds} s`,
    ])
      expect(readme).toContain(told);
  });

  it('replace others one by one, and only when their upstreams would have been found down', () => {
    const { spec, container } = deployment(NAME);
    expect(spec.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
    const { healthCheckIntervalMs, healthCheckTimeoutMs, healthCheckFall } = config();
    const untilDown = ((healthCheckFall - 1) * healthCheckIntervalMs + healthCheckTimeoutMs) / 1_000;
    const { periodSeconds, failureThreshold } = container.readinessProbe;
    expect(spec.minReadySeconds).toBeGreaterThan(untilDown + periodSeconds * failureThreshold);
    expect(spec.progressDeadlineSeconds).toBeGreaterThan(2 * (spec.minReadySeconds ?? 0));
  });

  it('have room for the heap, the bodies and half as much again', () => {
    const heap = Number(/^--max-old-space-size=(\d+)$/.exec(balancerEnv()['NODE_OPTIONS'] ?? '')?.[1]);
    const bodies = config().maxBufferedBytes / 2 ** 20;
    const { requests, limits } = deployment(NAME).container.resources;
    expect(megabytes(limits.memory)).toBeGreaterThanOrEqual(1.5 * (heap + bodies));
    expect(megabytes(requests.memory)).toBeLessThanOrEqual(megabytes(limits.memory));
  });

  it('answer the probes, and Prometheus, as they are asked', async () => {
    const { ADMIN_TOKEN: token = '', STATUS_PATHS = '' } = balancerEnv();
    const balancer = await balanceHere({
      primaries: [await FakeUpstream.start()],
      env: { ADMIN_PORT: '0', ADMIN_TOKEN: token, STATUS_PATHS },
    });
    const { startupProbe, livenessProbe, readinessProbe } = deployment(NAME).container;
    const addresses: Record<string, string> = { http: balancer.url, admin: balancer.adminUrl };
    // A pod is asked by its address, not by a name of this machine.
    const headers = { Host: '10.1.2.3:9090' };
    for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
      const { path = '', port = '' } = probe?.httpGet ?? {};
      expect((await http(`${addresses[port]}${path}`, { headers })).status).toBe(200);
    }
    const metrics = `${balancer.adminUrl}${all.all('ServiceMonitor')[0]?.spec.endpoints[0]?.path}`;
    expect((await http(metrics, { headers })).status).toBe(401);
    const withToken = { ...headers, Authorization: `Bearer ${ADMIN_TOKEN}` };
    expect((await http(metrics, { headers: withToken })).text).toContain('rpc_lb_requests_total');
  });
});

it('Valkey evicts nothing, keeps nothing, and has twice the memory that it may fill', () => {
  const { spec, container } = deployment(`${NAME}-valkey`);
  const args = container.args ?? [];
  const following = (flag: string) => args[args.indexOf(flag) + 1];
  expect(['--maxmemory-policy', '--save', '--appendonly'].map(following)).toEqual(['noeviction', '', 'no']);
  const filled = Number(/^(\d+)mb$/.exec(following('--maxmemory') ?? '')?.[1]);
  expect(megabytes(container.resources.limits.memory)).toBeGreaterThanOrEqual(2 * filled);
  expect([spec.replicas, spec.strategy.type]).toEqual([1, 'Recreate']);
});
