import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { budgets } from '../domain/rate-limits/budgets.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { type Family, parseMetricsPage } from '../testing/metrics-page.ts';
import { registerPerson } from '../testing/people.ts';
import { createMetrics, formatMetrics } from './metrics.ts';

const dashboardSchema = z.object({
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.string() })) }),
  panels: z.array(
    z.object({
      type: z.string(),
      title: z.string().min(1),
      description: z.string().optional(),
      targets: z.array(z.object({ expr: z.string(), refId: z.string() })).optional(),
    }),
  ),
});
const rulesSchema = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Latchkey\w+$/),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.object({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});

const dashboard = dashboardSchema.parse(
  JSON.parse(readFileSync('deploy/grafana/latchkey.json', 'utf8')),
);
const rules = rulesSchema
  .parse(parse(readFileSync('deploy/prometheus/alerts.yaml', 'utf8')))
  .groups.flatMap((group) => group.rules);
const queries: readonly (readonly [string, string])[] = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr] as const),
  ),
  ...dashboard.templating.list.flatMap(({ name, query }) =>
    name === 'job' ? [[name, query] as const] : [],
  ),
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
];

/**
 * The metrics of a PromQL expression with the labels used of each: names that are neither functions
 * nor keywords.
 */
function metricsIn(
  expression: string,
): { readonly name: string; readonly labels: readonly string[] }[] {
  return [
    ...expression.matchAll(/\b(up|[a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b(?!\s*\()(?:\{([^}]*)\})?/g),
  ]
    .filter(([, name = '']) => !['label_values', 'histogram_quantile'].includes(name))
    .map(([, name = '', matchers = '']) => ({
      name,
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    }));
}

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

describe('the dashboard and the alerts', () => {
  let families: Map<string, Family>;
  let server: TestServer;
  beforeAll(async () => {
    const metrics = await createMetrics();
    server = await startTestServer({ metrics });
    await registerPerson(server);
    families = parseMetricsPage(await formatMetrics([await metrics.snapshot()]));
  });
  afterAll(() => server.stop());

  /** Labels that Prometheus adds to each series, and the series that it makes of histograms. */
  const added = new Set(['job', 'instance', 'le']);
  const familyOf = (name: string) =>
    families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));

  it('reads the names in an expression', () => {
    expect(
      metricsIn('sum by (a_label) (rate(one_total{x="1",y=~"2"}[5m])) > 3 * max(two_seconds)'),
    ).toEqual([
      { name: 'a_label', labels: [] },
      { name: 'one_total', labels: ['x', 'y'] },
      { name: 'two_seconds', labels: [] },
    ]);
  });

  it.each(queries)('%s uses existing metrics and labels', (_title, expression) => {
    const wanted = metricsIn(expression);
    expect(wanted.length).toBeGreaterThan(0);
    // Prometheus makes `up` by itself, a series for each instance.
    for (const { name, labels } of wanted.filter(({ name }) => name !== 'up')) {
      const family = familyOf(name);
      expect([name, family !== undefined]).toEqual([name, true]);
      const known = new Set(family?.samples.flatMap((sample) => Object.keys(sample.labels)));
      for (const label of labels) {
        const isKnown = added.has(label) || known.has(label);
        expect([name, label, isKnown]).toEqual([name, label, true]);
      }
    }
  });

  it('use existing budgets', () => {
    const asked = queries.flatMap(([, expression]) =>
      [...expression.matchAll(/budget="([^"]+)"/g)].map(([, name]) => name),
    );
    expect(asked.filter((name) => !Object.keys(budgets).includes(name ?? ''))).toEqual([]);
  });

  it('cover every metric of ours', () => {
    const all = queries.map(([, expression]) => expression).join('\n');
    expect(
      [...families.keys()].filter((name) => name.startsWith('latchkey_') && !all.includes(name)),
    ).toEqual([]);
  });

  it('X-38 have a runbook each, and each runbook has an alert', () => {
    const headings = readFileSync('docs/runbooks.md', 'utf8').match(/(?<=^## ).+$/gm) ?? [];
    expect(headings.toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
    for (const { alert, annotations } of rules)
      expect(annotations.runbook).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
  });

  it('X-38 have a test each', () => {
    const tested = readFileSync('deploy/prometheus/alerts.test.yaml', 'utf8');
    for (const { alert } of rules)
      expect(tested).toContain(`docs/runbooks.md#${alert.toLowerCase()}`);
  });

  it.skipIf(!hasPromtool)('X-38 pass their tests (skipped where promtool is missing)', () => {
    const run = spawnSync('promtool', ['test', 'rules', 'deploy/prometheus/alerts.test.yaml'], {
      encoding: 'utf8',
    });
    expect([run.status, run.stdout + run.stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
    const config = spawnSync('promtool', ['check', 'config', 'deploy/prometheus/scrape.yaml'], {
      encoding: 'utf8',
    });
    expect([config.status, config.stderr]).toEqual([0, '']);
  });

  it('are valid to Prometheus too, where it is installed', () => {
    const checked = spawnSync('promtool', ['check', 'rules', 'deploy/prometheus/alerts.yaml'], {
      encoding: 'utf8',
    });
    if (checked.error) return;
    expect([checked.status, checked.stdout]).toEqual([
      0,
      expect.stringContaining(`${rules.length} rules found`),
    ]);
  });
});
