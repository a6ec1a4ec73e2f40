type Values = { readonly [name: string]: unknown };
type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: string }
  | {
      readonly kind: 'block';
      readonly word: string;
      readonly rest: string;
      readonly body: Node[];
      readonly otherwise: Node[];
    };
type Scope = { readonly dot: unknown; readonly variables: ReadonlyMap<string, unknown> };

/**
 * Renders the part of Go's templates and of Helm's functions that our chart keeps to, so that it
 * can be looked at without Helm: `if`, `with`, `range`, `define`, `include`, pipelines, and the
 * functions below. Throws at anything else.
 */
export function renderChart(
  templates: ReadonlyMap<string, string>,
  top: Values,
): Map<string, string> {
  const defined = new Map<string, Node[]>();
  const files = new Map<string, Node[]>();
  for (const [file, text] of templates) {
    const nodes = parse(text);
    for (const node of nodes) {
      if (node.kind === 'block' && node.word === 'define')
        defined.set(literal(node.rest), node.body);
    }
    if (!file.startsWith('_')) files.set(file, nodes);
  }
  const root: Scope = { dot: top, variables: new Map([['$', top]]) };
  const functions: Readonly<Record<string, (args: unknown[]) => unknown>> = {
    include: ([name, dot]) => {
      const body = defined.get(String(name));
      if (!body) throw new Error(`Nothing is defined as ${String(name)}.`);
      return render(body, { dot, variables: new Map([['$', dot]]) });
    },
    quote: ([value]) => JSON.stringify(String(value ?? '')),
    toYaml: ([value]) => yamlOf(value).join('\n'),
    nindent: ([count, text]) =>
      `\n${String(text)
        .split('\n')
        .map((line) => ' '.repeat(Number(count)) + line)
        .join('\n')}`,
    eq: ([one, two]) => one === two,
  };

  function lookUp(term: string, { dot, variables }: Scope): unknown {
    if (/^".*"$/.test(term)) return literal(term);
    if (/^\d+$/.test(term)) return Number(term);
    if (term === '.') return dot;
    const [, variable, path = ''] = /^(\$\w*)?((?:\.\w+)*)$/.exec(term) ?? [];
    if (variable === undefined && !path) throw new Error(`This is not known here: ${term}`);
    let value = variable === undefined ? dot : variables.get(variable);
    for (const name of path.split('.').slice(1)) {
      value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    }
    return value;
  }

  function evaluate(pipeline: string, scope: Scope): unknown {
    let piped: unknown[] = [];
    for (const stage of pipeline.split('|').map((part) => part.trim())) {
      const [head = '', ...rest] = stage.match(/"[^"]*"|\S+/g) ?? [];
      const call = functions[head];
      if (call) piped = [call([...rest.map((term) => lookUp(term, scope)), ...piped])];
      else if (rest.length === 0 && piped.length === 0) piped = [lookUp(head, scope)];
      else throw new Error(`This is not known here: ${stage}`);
    }
    return piped[0];
  }

  function render(nodes: readonly Node[], scope: Scope): string {
    return nodes.map((node) => renderNode(node, scope)).join('');
  }

  function renderNode(node: Node, scope: Scope): string {
    if (node.kind === 'text') return node.text;
    if (node.kind === 'output') return String(evaluate(node.pipeline, scope) ?? '');
    const { word, rest, body, otherwise } = node;
    if (word === 'define') return '';
    if (word === 'range') {
      const [, key, item, source = rest] = /^(\$\w+), (\$\w+) := (.*)$/.exec(rest) ?? [];
      return entriesOf(evaluate(source, scope))
        .map(([name, value]) => {
          const variables = new Map(scope.variables);
          if (key !== undefined && item !== undefined) variables.set(key, name).set(item, value);
          return render(body, { dot: value, variables });
        })
        .join('');
    }
    const value = evaluate(rest, scope);
    if (!isTrue(value)) return render(otherwise, scope);
    return render(body, word === 'with' ? { ...scope, dot: value } : scope);
  }

  return new Map([...files].map(([file, nodes]) => [file, render(nodes, root)]));
}

/** What Go's templates take for true: nothing that is empty. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Maps in the order of their keys, as Go has them. */
function entriesOf(value: unknown): [string, unknown][] {
  if (Array.isArray(value)) return Object.entries(value);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1));
}

function literal(text: string): string {
  return /^"([^"\\]*)"$/.exec(text.trim())?.[1] ?? '';
}

function parse(text: string): Node[] {
  const tokens = text
    .replace(/\s*\{\{- /g, '{{ ')
    .replace(/ -\}\}\s*/g, ' }}')
    .split(/(\{\{.*?\}\})/s);
  const root: Node[] = [];
  const open: { node: Node & { kind: 'block' }; into: Node[] }[] = [];
  let into = root;
  for (const token of tokens) {
    const [, inner] = /^\{\{(.*)\}\}$/s.exec(token) ?? [];
    if (inner === undefined) {
      if (token !== '') into.push({ kind: 'text', text: token });
      continue;
    }
    const [, word = '', rest = ''] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(inner) ?? [];
    if (['if', 'with', 'range', 'define'].includes(word)) {
      const node = { kind: 'block' as const, word, rest, body: [], otherwise: [] };
      into.push(node);
      open.push({ node, into });
      into = node.body;
    } else if (word === 'else' && rest === '') {
      const block = open.at(-1);
      if (!block) throw new Error('An else stands alone.');
      into = block.node.otherwise;
    } else if (word === 'end') {
      const block = open.pop();
      if (!block) throw new Error('An end stands alone.');
      into = block.into;
    } else into.push({ kind: 'output', pipeline: inner.trim() });
  }
  if (open.length > 0) throw new Error('A block has no end.');
  return root;
}

/** As lines: maps in the order of their keys, and what is in a list as JSON, which is YAML too. */
function yamlOf(value: unknown): string[] {
  if (Array.isArray(value))
    return value.length === 0 ? ['[]'] : value.map((item) => `- ${JSON.stringify(item)}`);
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)];
  const entries = entriesOf(value);
  if (entries.length === 0) return ['{}'];
  return entries.flatMap(([key, inner]) =>
    isTrue(inner) && typeof inner === 'object'
      ? [`${key}:`, ...yamlOf(inner).map((line) => `  ${line}`)]
      : [`${key}: ${yamlOf(inner).join('')}`],
  );
}
