import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { allEntries } from './config/entries.ts';
import { readConfig } from './config/read-config.ts';
import { strongKey } from './testing/command-line.ts';

// Helm is not available where these tests run: they read the chart as data. docs/operations.md
// ("Containers") says how to check the rendered chart.

const folder = 'deploy/helm/latchkey';
const read = (file: string): string => readFileSync(`${folder}/${file}`, 'utf8');
const templates = new Map(
  readdirSync(`${folder}/templates`).map((file) => [file, read(`templates/${file}`)]),
);
const all = [...templates.values()].join('\n');
const values = z
  .looseObject({
    config: z.record(z.string(), z.string()),
    secret: z.object({ name: z.string(), keys: z.array(z.string()) }),
    metrics: z.looseObject({ port: z.number() }),
  })
  .parse(parse(read('values.yaml')));
const isValid = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(read('values.schema.json')));
const secrets = allEntries.filter(({ secret }) => secret).map(({ name }) => name);

const probe = z.looseObject({ httpGet: z.strictObject({ path: z.string(), port: z.string() }) });
const containerSchema = z.looseObject({
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(z.looseObject({ name: z.string() })),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
});
const podSchema = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  terminationGracePeriodSeconds: z.number().optional(),
  securityContext: z.unknown(),
  containers: z.tuple([containerSchema]),
});
const objectSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), annotations: z.unknown().optional() }),
  spec: z.unknown().optional(),
});

/**
 * The objects of a template with every branch included: lines that are only an action are removed,
 * and any other action becomes `…`. Throws when the rest is not YAML.
 */
function skeletonOf(file: string): z.output<typeof objectSchema>[] {
  const text = (templates.get(file) ?? '')
    .replace(/^\s*\{\{.*\}\}\s*$/gm, '')
    .replace(/\{\{.*?\}\}/g, '…');
  return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join()}\n${text}`);
    return objectSchema.parse(document.toJS());
  });
}

function podOf(file: string): z.output<typeof podSchema> {
  const [object] = skeletonOf(file);
  return z.looseObject({ template: z.looseObject({ spec: podSchema }) }).parse(object?.spec)
    .template.spec;
}

/** The text of a named template. */
function helper(name: string): string {
  const pattern = new RegExp(
    `define "latchkey\\.${name}" -\\}\\}\\n([^]*?)\\n\\{\\{-? end -?\\}\\}\\n(?:\\n|$)`,
  );
  return pattern.exec(templates.get('_helpers.tpl') ?? '')?.[1] ?? '';
}

const workloads = ['deployment.yaml', 'migration.yaml'];

describe('the Helm chart', () => {
  it('has the version of the package', () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync('package.json', 'utf8')));
    const chart = z
      .looseObject({ apiVersion: z.literal('v2'), name: z.literal('latchkey') })
      .parse(parse(read('Chart.yaml')));
    expect([chart['version'], chart['appVersion']]).toEqual([version, version]);
  });

  it('is YAML of the expected kinds, without a Secret', () => {
    const files = [...templates.keys()].filter((file) => !file.startsWith('_'));
    const kinds = files.flatMap(skeletonOf).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual([
      'Deployment',
      'Ingress',
      'Job',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'Service',
      'ServiceAccount',
      'ServiceMonitor',
    ]);
  });

  it('closes each block that it opens, and includes only templates that it defines', () => {
    for (const [file, text] of templates) {
      const opened = text.match(/\{\{-? *(?:if|with|range|define)\b/g) ?? [];
      const closed = text.match(/\{\{-? *end *-?\}\}/g) ?? [];
      expect([file, closed.length]).toEqual([file, opened.length]);
    }
    const included = [...all.matchAll(/include "([\w.]+)"/g)].map(([, name]) => name);
    const defined = [...all.matchAll(/define "([\w.]+)"/g)].map(([, name]) => name);
    expect([...new Set(included)].sort()).toEqual(defined.sort());
  });

  it('has values that its schema accepts, and uses only existing ones', () => {
    expect([isValid(values), isValid.errors]).toEqual([true, null]);
    for (const [, path = ''] of all.matchAll(/\.Values((?:\.\w+)+)/g)) {
      const [, ...names] = path.split('.');
      const holder = names.slice(0, -1).reduce<unknown>((at, name) => Object(at)[name], values);
      expect([path, Object.keys(Object(holder)).includes(names.at(-1) ?? '')]).toEqual([
        path,
        true,
      ]);
    }
  });

  it('CF-2 takes no secret in its values', () => {
    expect(secrets).toEqual(expect.arrayContaining(['SECRET_KEY', 'DATABASE_URL', 'SMTP_URL']));
    for (const name of secrets) {
      expect([name, isValid({ ...values, config: { ...values.config, [name]: 'x' } })]).toEqual([
        name,
        false,
      ]);
    }
    expect(isValid({ ...values, replicas: 0 })).toBe(false);
    expect(isValid({ ...values, image: { repository: 'latchkey', digest: 'latest' } })).toBe(false);
    expect(secrets).toEqual(expect.arrayContaining(values.secret.keys));
  });

  it('CF-2 the servers get secrets by reference, and settings from the values alone', () => {
    const text = templates.get('deployment.yaml') ?? '';
    expect(text).toMatch(
      new RegExp(
        String.raw`range \.Values\.secret\.keys \}\}\n +- name: \{\{ \. \}\}\n +valueFrom:\n` +
          String.raw` +secretKeyRef:\n +name: \{\{ \$\.Values\.secret\.name \}\}\n +key: `,
      ),
    );
    expect(text).toMatch(/env:\n +\{\{- include "latchkey\.settings" \./);
    const named = podOf('deployment.yaml').containers[0].env.map(({ name }) => name);
    expect(named).toEqual(['…', 'MIGRATE_ON_START', 'METRICS_HOST', 'METRICS_PORT']);
  });

  it('has settings that the server accepts', () => {
    const given: Record<string, string> = {
      SECRET_KEY: Buffer.from(strongKey).toString('base64'),
      DATABASE_URL: 'postgres://latchkey:a4b1c3d0a4b1c3d0@db.example.com/latchkey',
      SMTP_URL: 'smtps://user:password@smtp.example.com:465',
    };
    const known = allEntries.map(({ name }) => name);
    const names = [...Object.keys(values.config), ...values.secret.keys];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
    const config = readConfig(
      {
        ...values.config,
        ...Object.fromEntries(values.secret.keys.map((name) => [name, given[name]])),
        METRICS_PORT: String(values.metrics.port),
        MIGRATE_ON_START: 'false',
      },
      { mode: 'production' },
    );
    expect(config).toMatchObject({ publicUrl: 'https://auth.example.com', metricsPort: 9464 });
    // A server that stops in time is not killed.
    const { terminationGracePeriodSeconds = 0 } = podOf('deployment.yaml');
    expect(terminationGracePeriodSeconds).toBeGreaterThan(config.shutdownDeadline);
  });

  it('X-45 trusts no proxy by itself, and can admit the ingress controller alone', () => {
    expect(values.config['TRUSTED_PROXIES']).toBe('');
    expect(templates.get('policies.yaml')).toContain('with .Values.networkPolicy.from }}');
  });

  it('has separate liveness and readiness probes: no restart in an outage', () => {
    const [container] = podOf('deployment.yaml').containers;
    expect(container.livenessProbe?.httpGet).toEqual({ path: '/livez', port: 'http' });
    expect(container.startupProbe?.httpGet).toEqual({ path: '/livez', port: 'http' });
    expect(container.readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'http' });
  });

  it.each(workloads)('%s has least privilege', (file) => {
    expect(podOf(file).securityContext).toEqual({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(templates.get(file)).toMatch(
      new RegExp(
        String.raw`^ {10}securityContext:\n {12}` +
          String.raw`\{\{- include "latchkey\.containerSecurity" \. \| nindent 12 \}\}$`,
        'm',
      ),
    );
    expect(parse(helper('containerSecurity'))).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('SC-5 accepts an image by digest', () => {
    for (const file of workloads)
      expect(templates.get(file)).toContain('image: {{ include "latchkey.image" . | quote }}\n');
    expect(helper('image')).toMatch(
      new RegExp(
        String.raw`if \.Values\.image\.digest -\}\}\n\{\{ \.Values\.image\.repository \}\}@` +
          String.raw`\{\{ \.Values\.image\.digest \}\}\n\{\{- else`,
      ),
    );
  });

  it('X-37 migrates before the new version starts, and bypasses PgBouncer', () => {
    const [job] = skeletonOf('migration.yaml');
    expect(job?.metadata).toMatchObject({
      name: '…-migrate',
      annotations: { 'helm.sh/hook': 'pre-install,pre-upgrade' },
    });
    // of the secrets, the job gets the database's URL alone.
    expect(templates.get('migration.yaml')).toContain(
      'key: {{ .Values.migration.databaseUrlKey }}\n',
    );
    expect(templates.get('migration.yaml')).not.toContain('.Values.secret.keys');
    expect(templates.get('deployment.yaml')).toContain('key: {{ . }}\n');
    expect(workloads.map((file) => podOf(file).containers[0].args)).toEqual([
      ['start'],
      ['migrate'],
    ]);
    expect(templates.get('deployment.yaml')).toContain(
      'value: {{ if .Values.migration.enabled }}"false"{{ else }}"true"{{ end }}\n',
    );
  });

  it('CF-7 exposes metrics on no public service', () => {
    const services = skeletonOf('services.yaml')
      .filter(({ kind }) => kind === 'Service')
      .map(({ metadata, spec }) => {
        const { ports } = z
          .looseObject({ ports: z.array(z.looseObject({ name: z.string() })) })
          .parse(spec);
        return [metadata.name, ports.map(({ name }) => name)];
      });
    expect(services).toEqual([
      ['…', ['http']],
      ['…-metrics', ['metrics']],
    ]);
  });
});
