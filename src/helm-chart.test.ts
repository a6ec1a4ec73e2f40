import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { entries, readConfig } from './config/read-config.ts';
import { strongKey } from './testing/command-line.ts';
import { renderChart } from './testing/helm.ts';

const folder = 'deploy/helm/latchkey';
const templates = new Map(
  readdirSync(`${folder}/templates`).map((file) => [
    file,
    readFileSync(`${folder}/templates/${file}`, 'utf8'),
  ]),
);
const values: Record<string, unknown> = parse(readFileSync(`${folder}/values.yaml`, 'utf8'));
const chart = z
  .object({
    apiVersion: z.literal('v2'),
    name: z.literal('latchkey'),
    version: z.string(),
    appVersion: z.string(),
  })
  .parse(parse(readFileSync(`${folder}/Chart.yaml`, 'utf8')));
const isValid = new Ajv({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(`${folder}/values.schema.json`, 'utf8')),
);

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
const envSchema = z.array(
  z.strictObject({
    name: z.string(),
    value: z.string().optional(),
    valueFrom: z
      .strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) })
      .optional(),
  }),
);
const probeSchema = z.looseObject({
  httpGet: z.strictObject({ path: z.string(), port: z.literal('http') }),
});
const containerSchema = z.looseObject({
  image: z.string(),
  args: z.array(z.string()),
  env: envSchema,
  startupProbe: probeSchema.optional(),
  livenessProbe: probeSchema.optional(),
  readinessProbe: probeSchema.optional(),
  securityContext: z.unknown(),
});
const podSchema = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  terminationGracePeriodSeconds: z.number().optional(),
  containers: z.tuple([containerSchema]),
});
const workloadSchema = z.looseObject({
  spec: z.looseObject({ template: z.looseObject({ spec: podSchema }) }),
});

type Change = Readonly<Record<string, unknown>>;

/** Every object that the chart makes with these values, by kind and name. */
function objectsWith(change: Change = {}): Map<string, z.output<typeof objectSchema>> {
  const given = { ...values, ...change };
  if (!isValid(given)) throw new Error(JSON.stringify(isValid.errors));
  const rendered = renderChart(templates, {
    Values: given,
    Release: { Name: 'auth', Service: 'Helm', Namespace: 'default' },
    Chart: { AppVersion: chart.appVersion, Name: chart.name },
  });
  const objects = [...rendered].flatMap(([file, text]) =>
    parseAllDocuments(text, { strict: true, uniqueKeys: true }).flatMap((document) => {
      if (document.errors.length > 0)
        throw new Error(`${file}: ${document.errors.join()}\n${text}`);
      const value: unknown = document.toJS();
      return value === null || value === undefined ? [] : [objectSchema.parse(value)];
    }),
  );
  return new Map(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
}

function podOf(objects: ReturnType<typeof objectsWith>, name: string) {
  return workloadSchema.parse(objects.get(name)).spec.template.spec;
}

describe('the Helm chart', () => {
  it('has the version of the package', () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync('package.json', 'utf8')));
    expect([chart.version, chart.appVersion]).toEqual([version, version]);
  });

  it('makes what it should, and no Secret', () => {
    const objects = objectsWith();
    expect([...objects.keys()].sort()).toEqual([
      'Deployment auth',
      'Job auth-migrate',
      'PodDisruptionBudget auth',
      'Service auth',
      'Service auth-metrics',
      'ServiceAccount auth',
    ]);
    const all = objectsWith({
      ingress: {
        enabled: true,
        className: 'nginx',
        host: 'auth.example.com',
        tlsSecret: 'tls',
        annotations: { a: 'b' },
      },
      networkPolicy: {
        enabled: true,
        metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
      },
      metrics: { enabled: true, port: 9464, serviceMonitor: true },
      nodeSelector: { disk: 'fast' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
    });
    expect([...all.keys()]).toEqual(
      expect.arrayContaining(['Ingress auth', 'NetworkPolicy auth', 'ServiceMonitor auth']),
    );
    const none = objectsWith({
      migration: { enabled: false },
      disruptionBudget: null,
      metrics: { enabled: false },
    });
    expect([...none.keys()].sort()).toEqual([
      'Deployment auth',
      'Service auth',
      'ServiceAccount auth',
    ]);
    expect(podOf(none, 'Deployment auth').containers[0].env).toContainEqual({
      name: 'MIGRATE_ON_START',
      value: 'true',
    });
  });

  it.each(['Deployment auth', 'Job auth-migrate'])(
    'CF-2 %s takes every secret by reference',
    (name) => {
      const { env } = podOf(objectsWith(), name).containers[0];
      const secrets = new Set(
        Object.values(entries)
          .filter((entry) => entry.secret)
          .map((entry): string => entry.name),
      );
      for (const { name: variable, value, valueFrom } of env) {
        expect([variable, valueFrom !== undefined]).toEqual([variable, secrets.has(variable)]);
        expect([variable, value === undefined]).toEqual([variable, secrets.has(variable)]);
        if (valueFrom) expect(valueFrom.secretKeyRef).toEqual({ name: 'latchkey', key: variable });
      }
      expect(env.map(({ name: variable }) => variable)).toEqual(
        expect.arrayContaining(['SECRET_KEY', 'DATABASE_URL']),
      );
    },
  );

  it('CF-2 takes no secret in its values', () => {
    for (const name of ['SECRET_KEY', 'DATABASE_URL', 'GATEWAY_TOKEN']) {
      expect(() =>
        objectsWith({
          config: { PUBLIC_URL: 'https://a.example', MAIL_TRANSPORT: 'smtp', [name]: 'x' },
        }),
      ).toThrow();
    }
    expect(() => objectsWith({ replicas: 0 })).toThrow();
    expect(() => objectsWith({ image: { repository: 'latchkey', digest: 'latest' } })).toThrow();
  });

  it('has settings that the server takes', () => {
    const { env } = podOf(objectsWith(), 'Deployment auth').containers[0];
    const given: Record<string, string> = {
      SECRET_KEY: Buffer.from(strongKey).toString('base64'),
      DATABASE_URL: 'postgres://latchkey:a4b1c3d0a4b1c3d0@db.example.com/latchkey',
      SMTP_URL: 'smtps://user:password@smtp.example.com:465',
    };
    const known = Object.values(entries).map((entry): string => entry.name);
    expect(env.filter(({ name }) => !known.includes(name))).toEqual([]);
    const config = readConfig(
      Object.fromEntries(env.map(({ name, value }) => [name, value ?? given[name]])),
      {
        mode: 'production',
      },
    );
    expect(config).toMatchObject({
      publicUrl: 'https://auth.example.com',
      metricsPort: 9464,
      migrateOnStart: false,
    });
    // What stops in time is not killed.
    const { terminationGracePeriodSeconds = 0 } = podOf(objectsWith(), 'Deployment auth');
    expect(terminationGracePeriodSeconds).toBeGreaterThan(config.shutdownDeadline);
  });

  it('is asked for life and readiness each by its own, and is not restarted where the database is away', () => {
    const [container] = podOf(objectsWith(), 'Deployment auth').containers;
    expect(container.livenessProbe?.httpGet.path).toBe('/livez');
    expect(container.startupProbe?.httpGet.path).toBe('/livez');
    expect(container.readinessProbe?.httpGet.path).toBe('/readyz');
  });

  it.each(['Deployment auth', 'Job auth-migrate'])('%s may do nothing that it need not', (name) => {
    const pod = podOf(objectsWith(), name);
    expect(pod).toMatchObject({
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('SC-5 takes an image by digest', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const image = {
      repository: 'registry.example/latchkey',
      tag: '0.1.0',
      digest,
      pullPolicy: 'Always',
      pullSecrets: [],
    };
    for (const name of ['Deployment auth', 'Job auth-migrate']) {
      expect(podOf(objectsWith({ image }), name).containers[0].image).toBe(
        `registry.example/latchkey@${digest}`,
      );
    }
  });

  it('migrates before the new version, and behind PgBouncer past it', () => {
    const objects = objectsWith({ migration: { enabled: true, databaseUrlKey: 'DIRECT_URL' } });
    expect(objects.get('Job auth-migrate')?.metadata.annotations).toMatchObject({
      'helm.sh/hook': 'pre-install,pre-upgrade',
    });
    const [job] = podOf(objects, 'Job auth-migrate').containers;
    const [server] = podOf(objects, 'Deployment auth').containers;
    const keyOf = (env: z.output<typeof envSchema>) =>
      env.find(({ name }) => name === 'DATABASE_URL')?.valueFrom?.secretKeyRef.key;
    expect([job.args, keyOf(job.env)]).toEqual([['migrate'], 'DIRECT_URL']);
    expect([server.args, keyOf(server.env)]).toEqual([['start'], 'DATABASE_URL']);
  });

  it('CF-7 has the metrics on no service that others are sent to', () => {
    const service = z.looseObject({
      spec: z.looseObject({ ports: z.array(z.looseObject({ name: z.string() })) }),
    });
    const objects = objectsWith();
    expect(service.parse(objects.get('Service auth')).spec.ports.map(({ name }) => name)).toEqual([
      'http',
    ]);
    expect(
      service.parse(objects.get('Service auth-metrics')).spec.ports.map(({ name }) => name),
    ).toEqual(['metrics']);
  });
});
