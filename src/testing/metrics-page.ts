/** One sample line of a metrics page. */
export type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

export type Family = {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
};

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;

/**
 * Parses the Prometheus text format (exposition formats 0.0.4) strictly. Throws at the first
 * invalid line: a sample before its type, a duplicate type or sample, an invalid value.
 */
export function parseMetricsPage(text: string): Map<string, Family> {
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  if (!text.endsWith('\n')) throw new Error('The last line has no line break.');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') helps.set(name, rest);
    if (kind === 'TYPE') {
      if (families.has(name)) throw new Error(`${name} has a duplicate type.`);
      if (!/^(counter|gauge|histogram|summary|untyped)$/.test(rest))
        throw new Error(`${name} has an unknown type.`);
      families.set(name, { type: rest, help: helps.get(name) ?? '', samples: [] });
    }
    if (kind !== undefined) continue;
    const [, sample, labels = '', value = ''] = sampleLine.exec(line) ?? [];
    if (sample === undefined || seen.has(`${sample}{${labels}}`))
      throw new Error(`Invalid line: ${line}`);
    seen.add(`${sample}{${labels}}`);
    const family = families.get(sample) ?? families.get(sample.replace(/_(bucket|sum|count)$/, ''));
    if (!family) throw new Error(`${sample} has no type.`);
    if (!/^([Nn]a[Nn]|[+-]Inf|[+-]?\d+(\.\d+)?(e[+-]?\d+)?)$/.test(value))
      throw new Error(`${sample} has an invalid value.`);
    family.samples.push({
      name: sample,
      labels: parseLabels(labels),
      value: Number(value.replace('Inf', 'Infinity')),
    });
  }
  return families;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const [, name, value] = label.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`Invalid labels: ${text}`);
    labels[name] = value;
  }
  return labels;
}

/** The sum of a metric's samples with these labels; 0 if there is none. */
export function countOf(
  page: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const samples = [...parseMetricsPage(page).values()].flatMap((family) => family.samples);
  const fitting = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return fitting.reduce((sum, { value }) => sum + value, 0);
}
