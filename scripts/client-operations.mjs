// Writes packages/client/src/operations.ts from schema.graphql: the mutations and the client's
// queries with their types, and what to ask of each.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';

const root = new URL('..', import.meta.url);
const target = fileURLToPath(new URL('packages/client/src/operations.ts', root));

const columns = 100;

/** The client's queries: the method's name, and the fields that lead to its answer. */
const queries = {
  account: ['account'],
  options: ['authOptions'],
  sessions: ['account', 'sessions'],
};

/** Scalars as JSON carries them. */
const scalars = {
  ID: 'string',
  String: 'string',
  Int: 'number',
  Float: 'number',
  Boolean: 'boolean',
  DateTime: 'string',
  JSONObject: 'Readonly<Record<string, unknown>>',
};

/** The text of packages/client/src/operations.ts for a schema in SDL. */
export function printClientOperations(sdl) {
  const schema = buildSchema(sdl);
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const needed = new Set();
  const parts = [];

  const need = (type) => {
    if (needed.has(type)) return;
    needed.add(type);
    if (isUnionType(type)) for (const member of type.getTypes()) need(member);
    if (isObjectType(type)) for (const field of plainFields(type)) need(getNamedType(field.type));
    if (isInputObjectType(type))
      for (const field of inputFields(type)) need(getNamedType(field.type));
  };
  for (const mutation of mutations) {
    need(getNamedType(mutation.type));
    need(getNamedType(mutation.args[0].type));
  }
  need(schema.getType('User'));
  const asked = Object.entries(queries).map(([name, path]) => ({ name, ...follow(schema, path) }));
  for (const { type } of asked) need(type);

  for (const type of [...needed].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const text = declaration(type);
    if (text) parts.push(`${comment(type.description, '')}${text}`);
  }
  parts.push(...asked.filter(({ args }) => args.length > 0).map(variables));
  parts.push(
    block(
      '/** Each mutation: what it takes and what it answers. */\nexport type Mutations = {',
      mutations.map(signature),
    ),
    block(
      '/** The mutations by what they may answer, besides AuthError. */\n' +
        'export const outcomes: Readonly<Record<string, string>> = {',
      byOutcome(mutations),
    ),
    block(
      '/** What is asked of each type; `{Name}` stands for what is asked of that one. */\n' +
        'export const selections: Readonly<Record<string, string>> = {',
      selected([...mutations.map(({ type }) => getNamedType(type)), ...asked.map((q) => q.type)])
        .map((type) => `  ${type.name}: ${literal(selection(type))},`)
        .sort(),
    ),
    block(
      "/** The client's queries, with the same `{Name}`. */\n" +
        'export const queries: Readonly<Record<' +
        `${asked.map(({ name }) => `'${name}'`).join(' | ')}, string>> = {`,
      asked.map(({ name, text }) => `  ${name}: ${literal(`query ${name}${text}`)},`),
    ),
  );
  const head =
    '// Generated from schema.graphql by `npm run schema`. ' +
    'Edit scripts/client-operations.mjs instead.';
  return format(`${head}\n\n${parts.join('\n\n')}\n`);
}

/** The type at the end of a path of fields, what the last one takes, and the query for it. */
function follow(schema, path) {
  let type = schema.getQueryType();
  let field;
  for (const name of path) {
    field = type.getFields()[name];
    type = getNamedType(field.type);
  }
  const { args } = field;
  const declared = args.map((arg) => `$${arg.name}:${arg.type}`).join(', ');
  const given = args.map((arg) => `${arg.name}:$${arg.name}`).join(', ');
  const around = (text) => (text ? `(${text})` : '');
  // Spaces, so that the line can be broken there.
  const inner = `${path.join('{ ')}${around(given)} {${type.name}}${'}'.repeat(path.length - 1)}`;
  return { type, args, text: `${around(declared)} { ${inner}}` };
}

/** The type of what a query takes. */
function variables({ name, args }) {
  const lines = args.map((arg) => {
    const member = `${arg.name}?: ${typeScript(arg.type)} | undefined`;
    return `${comment(arg.description, '  ')}  readonly ${member};`;
  });
  const head = `/** What \`${name}\` takes. */\nexport type ${pascal(name)}Variables = {`;
  return block(head, lines);
}

function pascal(name) {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Each combination of outcomes once, since every app downloads this table. */
function byOutcome(mutations) {
  const names = new Map();
  for (const mutation of mutations) {
    const outcome = yieldsOf(mutation).join(' ');
    names.set(outcome, [...(names.get(outcome) ?? []), mutation.name]);
  }
  return [...names].map(([outcome, all]) => `  '${outcome}': ${literal(all.join(' '))},`);
}

/** The object types among these and, below them, all that a selection names. */
function selected(types) {
  const found = new Set();
  const visit = (type) => {
    if (isUnionType(type)) for (const member of type.getTypes()) visit(member);
    if (!isObjectType(type) || found.has(type)) return;
    found.add(type);
    for (const field of plainFields(type)) visit(getNamedType(field.type));
  };
  for (const type of types) visit(type);
  return [...found];
}

function block(head, lines) {
  return `${head}\n${lines.join('\n')}\n};`;
}

function signature(mutation) {
  const input = getNamedType(mutation.args[0].type).name;
  const result = getNamedType(mutation.type).name;
  const description = comment(mutation.description, '  ');
  return `${description}  ${mutation.name}: { input: ${input}; result: ${result} };`;
}

/** As `npm run fix` would leave it, so that the file needs no exception there. */
function format(text) {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'format', `--stdin-file-path=${target}`],
    { cwd: fileURLToPath(root), input: text, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Costs the server a statement each time, for every sign-in and refresh. */
const leftOut = new Set([
  'User.passkeyCount',
  'User.identities',
  'User.hasPassword',
  'User.recoveryCodesLeft',
  'User.suspendedUntil',
  'User.publicMetadata',
  'User.adminMetadata',
  'Account.passkeySignals',
]);

/** Fields that can be asked for as they are; lists in pages are for the app's own queries. */
function plainFields(type) {
  return Object.values(type.getFields()).filter(
    (field) => field.args.length === 0 && !leftOut.has(`${type.name}.${field.name}`),
  );
}

/** The client fills in by itself how refresh tokens travel. */
function inputFields(type) {
  return Object.values(type.getFields()).filter((field) => field.name !== 'tokenDelivery');
}

function yieldsOf(mutation) {
  return getNamedType(mutation.type)
    .getTypes()
    .map((type) => type.name)
    .filter((name) => name !== 'AuthError');
}

function selection(type) {
  return plainFields(type)
    .map((field) => {
      const named = getNamedType(field.type);
      return isObjectType(named) ? `${field.name}{${named.name}}` : field.name;
    })
    .join(' ');
}

function declaration(type) {
  if (isEnumType(type)) {
    return `export type ${type.name} = ${type
      .getValues()
      .map((value) => `'${value.name}'`)
      .join(' | ')};`;
  }
  if (isUnionType(type)) {
    return `export type ${type.name} = ${type
      .getTypes()
      .map((member) => `({ readonly __typename: '${member.name}' } & ${member.name})`)
      .join(' | ')};`;
  }
  if (isObjectType(type)) {
    const lines = plainFields(type).map(
      (field) =>
        `${comment(field.description, '  ')}  readonly ${field.name}: ${typeScript(field.type)};`,
    );
    return `export type ${type.name} = {\n${lines.join('\n')}\n};`;
  }
  if (isInputObjectType(type)) {
    const lines = inputFields(type).map((field) => {
      const [mark, orUndefined] = isNonNullType(field.type) ? ['', ''] : ['?', ' | undefined'];
      const member = `${field.name}${mark}: ${typeScript(field.type)}${orUndefined}`;
      return `${comment(field.description, '  ')}  readonly ${member};`;
    });
    return lines.length === 0
      ? `export type ${type.name} = Record<string, never>;`
      : `export type ${type.name} = {\n${lines.join('\n')}\n};`;
  }
  return null;
}

function typeScript(type) {
  if (isNonNullType(type)) return notNull(type.ofType);
  return `${notNull(type)} | null`;
}

function notNull(type) {
  if (isListType(type))
    return `readonly (${typeScript(type.ofType)})[]`.replace(/\((\w+)\)\[\]/, '$1[]');
  return scalars[type.name] ?? type.name;
}

function comment(description, indent) {
  if (!description) return '';
  const text = description.replaceAll('*/', '* /').replace(/\s+/g, ' ');
  const line = `${indent}/** ${text} */`;
  if (line.length <= columns) return `${line}\n`;
  const lines = wrap(text, columns - indent.length - ' * '.length);
  return [`${indent}/**`, ...lines.map((each) => `${indent} * ${each}`), `${indent} */\n`].join(
    '\n',
  );
}

/** A string of words, over several lines where one is too short for it. */
function literal(text) {
  const lines = wrap(text, columns - 12);
  return lines.map((line, index) => `'${line}${index < lines.length - 1 ? ' ' : ''}'`).join(' + ');
}

/** Lines of whole words; a word that is too long has a line of its own. */
function wrap(text, width) {
  return text.match(new RegExp(`\\S(?:.{0,${width - 1}}|\\S*)(?= |$)`, 'g'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const printed = printClientOperations(readFileSync(new URL('schema.graphql', root), 'utf8'));
  if (!process.argv.includes('--check')) {
    writeFileSync(target, printed);
  } else if (readFileSync(target, 'utf8') !== printed) {
    console.error(
      'packages/client/src/operations.ts is not what schema.graphql makes. Run: npm run schema',
    );
    process.exitCode = 1;
  }
}
