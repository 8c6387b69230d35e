// The fields that examples/kubernetes uses, as the API of Kubernetes names them. A field that is not here is a mistake, or new.
import { z } from 'zod';

const text = z.string().min(1);
const labels = z.record(text, text);
const count = z.int().min(0);
const matchLabels = z.strictObject({ matchLabels: labels });
const quantity = z.string().regex(/^\d+(m|Mi|Gi)?$/);
const portName = z.string().regex(/^[a-z][a-z0-9-]{0,14}$/);
const metadata = z.strictObject({ name: text, namespace: text.optional(), labels: labels.optional() });

const valueFrom = z.strictObject({ secretKeyRef: z.strictObject({ name: text, key: text }) });
const variable = z.union([
  z.strictObject({ name: text, value: z.string() }),
  z.strictObject({ name: text, valueFrom }),
]);
const probe = z.strictObject({
  httpGet: z.strictObject({ path: text, port: portName }).optional(),
  tcpSocket: z.strictObject({ port: portName }).optional(),
  periodSeconds: count,
  timeoutSeconds: count,
  failureThreshold: count,
});
const container = z.strictObject({
  name: text,
  image: text,
  command: z.array(text).optional(),
  args: z.array(z.string()).optional(),
  envFrom: z
    .array(
      z.union([
        z.strictObject({ configMapRef: z.strictObject({ name: text }) }),
        z.strictObject({ secretRef: z.strictObject({ name: text }) }),
      ]),
    )
    .default([]),
  env: z.array(variable).default([]),
  ports: z.array(z.strictObject({ name: portName, containerPort: count })),
  // What the level "restricted" of Pod Security asks for, and no less.
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: quantity, memory: quantity }),
    limits: z.strictObject({ memory: quantity }),
  }),
  startupProbe: probe.optional(),
  livenessProbe: probe,
  readinessProbe: probe,
});
const podSpec = z.strictObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: count,
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.int().min(1),
    runAsGroup: z.int().min(1),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  topologySpreadConstraints: z
    .array(
      z.strictObject({
        maxSkew: z.int().min(1),
        topologyKey: text,
        whenUnsatisfiable: z.enum(['ScheduleAnyway', 'DoNotSchedule']),
        labelSelector: matchLabels,
        matchLabelKeys: z.array(text),
      }),
    )
    .default([]),
  containers: z.tuple([container]),
});

export const namespace = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Namespace'),
  metadata,
});
export const configMap = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata,
  data: z.record(text, z.string()),
});
export const secret = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata,
  type: z.literal('Opaque'),
  data: z.record(text, z.base64()),
});
export const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata,
  spec: z.strictObject({
    replicas: count.optional(),
    revisionHistoryLimit: count.optional(),
    strategy: z.union([
      z.strictObject({ type: z.literal('Recreate') }),
      z.strictObject({
        type: z.literal('RollingUpdate'),
        rollingUpdate: z.strictObject({ maxUnavailable: count, maxSurge: count }),
      }),
    ]),
    minReadySeconds: count.optional(),
    progressDeadlineSeconds: count.optional(),
    selector: matchLabels,
    template: z.strictObject({ metadata: z.strictObject({ labels }), spec: podSpec }),
  }),
});
export const service = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata: metadata.required({ labels: true }),
  spec: z.strictObject({
    type: z.literal('ClusterIP').optional(),
    clusterIP: z.literal('None').optional(),
    publishNotReadyAddresses: z.boolean().optional(),
    selector: labels,
    ports: z.array(
      z.strictObject({ name: portName, port: count, targetPort: portName, appProtocol: text.optional() }),
    ),
  }),
});
export const podDisruptionBudget = z.strictObject({
  apiVersion: z.literal('policy/v1'),
  kind: z.literal('PodDisruptionBudget'),
  metadata,
  spec: z.strictObject({
    maxUnavailable: z.int().min(1),
    unhealthyPodEvictionPolicy: z.enum(['AlwaysAllow', 'IfHealthyBudget']),
    selector: matchLabels,
  }),
});
const scalingRules = z.strictObject({
  stabilizationWindowSeconds: count.optional(),
  policies: z.array(
    z.strictObject({ type: z.enum(['Percent', 'Pods']), value: z.int().min(1), periodSeconds: count }),
  ),
});
export const autoscaler = z.strictObject({
  apiVersion: z.literal('autoscaling/v2'),
  kind: z.literal('HorizontalPodAutoscaler'),
  metadata,
  spec: z.strictObject({
    scaleTargetRef: z.strictObject({ apiVersion: text, kind: text, name: text }),
    minReplicas: count,
    maxReplicas: count,
    metrics: z.array(
      z.strictObject({
        type: z.literal('Resource'),
        resource: z.strictObject({
          name: z.literal('cpu'),
          target: z.strictObject({ type: z.literal('Utilization'), averageUtilization: count }),
        }),
      }),
    ),
    behavior: z.strictObject({ scaleUp: scalingRules, scaleDown: scalingRules }),
  }),
});
export const networkPolicy = z.strictObject({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('NetworkPolicy'),
  metadata,
  spec: z.strictObject({
    podSelector: matchLabels,
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
    ingress: z.array(
      z.strictObject({
        from: z
          .array(
            z.strictObject({
              namespaceSelector: matchLabels.optional(),
              podSelector: matchLabels.optional(),
            }),
          )
          .optional(),
        ports: z.array(z.strictObject({ protocol: z.literal('TCP'), port: portName })),
      }),
    ),
    egress: z.tuple([]).optional(),
  }),
});
export const serviceMonitor = z.strictObject({
  apiVersion: z.literal('monitoring.coreos.com/v1'),
  kind: z.literal('ServiceMonitor'),
  metadata,
  spec: z.strictObject({
    jobLabel: text,
    selector: matchLabels,
    endpoints: z.array(
      z.strictObject({
        port: portName,
        path: text,
        interval: z.string().regex(/^\d+s$/),
        authorization: z.strictObject({
          type: z.literal('Bearer'),
          credentials: z.strictObject({ name: text, key: text }),
        }),
      }),
    ),
  }),
});

export const manifest = z.discriminatedUnion('kind', [
  namespace,
  configMap,
  secret,
  deployment,
  service,
  podDisruptionBudget,
  autoscaler,
  networkPolicy,
  serviceMonitor,
]);
export type Manifest = z.infer<typeof manifest>;
export type Container = z.infer<typeof container>;

/** The kustomization files, with the fields that the reader of `kustomization.ts` understands. */
export const kustomization = z.strictObject({
  apiVersion: z.enum(['kustomize.config.k8s.io/v1beta1', 'kustomize.config.k8s.io/v1alpha1']),
  kind: z.enum(['Kustomization', 'Component']),
  namespace: text.optional(),
  resources: z.array(text).default([]),
  components: z.array(text).default([]),
  images: z.array(z.strictObject({ name: text, newName: text, newTag: text })).default([]),
  configMapGenerator: z.array(z.strictObject({ name: text, envs: z.tuple([text]) })).default([]),
  secretGenerator: z.array(z.strictObject({ name: text, envs: z.tuple([text]) })).default([]),
  patches: z.array(z.strictObject({ path: text })).default([]),
  configurations: z.array(text).default([]),
});

/** A patch of a deployment that adds variables. */
export const variablesPatch = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata: z.strictObject({ name: text }),
  spec: z.strictObject({
    template: z.strictObject({
      spec: z.strictObject({
        containers: z.tuple([z.strictObject({ name: text, env: z.array(variable) })]),
      }),
    }),
  }),
});
