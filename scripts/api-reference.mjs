// Writes docs/reference/ from schema.graphql: what the site shows of the API.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  isScalarType,
  isUnionType,
} from 'graphql';

const root = new URL('..', import.meta.url);
const folder = new URL('docs/reference/', root);

const pages = [
  { name: 'queries', title: 'Queries' },
  { name: 'mutations', title: 'Mutations' },
  { name: 'objects', title: 'Objects', has: isObjectType },
  { name: 'inputs', title: 'Inputs', has: isInputObjectType },
  {
    name: 'unions',
    title: 'Unions and interfaces',
    has: (t) => isUnionType(t) || isInterfaceType(t),
  },
  { name: 'enums', title: 'Enums', has: isEnumType },
  { name: 'scalars', title: 'Scalars', has: isScalarType },
];

/** The pages of the reference for a schema in SDL: their file names and texts. */
export function apiReference(sdl) {
  const schema = buildSchema(sdl);
  const roots = [schema.getQueryType(), schema.getMutationType()];
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith('__') && !roots.includes(type))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const [queries, mutations] = roots.map((type) => Object.values(type?.getFields() ?? {}));
  const sections = {
    queries: queries.map(operation('query')),
    mutations: mutations.map(operation('mutation')),
  };
  const texts = pages.map(({ name, title, has }) => {
    const parts = sections[name] ?? types.filter(has).map(typeSection);
    return [`${name}.md`, `# ${title}\n\n${parts.join('\n\n')}\n`];
  });
  const names = (fields, page) =>
    fields.map(({ name }) => `[\`${name}\`](${page}.md#${name.toLowerCase()})`).join(' ');
  const index = `# API reference

Made of [schema.graphql](../../schema.graphql), which the server answers at \`/graphql\`. Every
mutation takes one \`input\` and returns a union of what it yields and
[\`AuthError\`](objects.md#autherror): outcomes are data, and top-level errors are for what went
wrong otherwise.

## Queries

${names(queries, 'queries')}

## Mutations

${names(mutations, 'mutations')}
`;
  return [['README.md', index], ...texts];
}

const operation = (kind) => (field) => {
  const { name, args, type, description } = field;
  return [
    `## ${name}`,
    prose(description),
    `Answers ${reference(type)}.`,
    args.length > 0 ? table('Argument', args) : '',
    `\`\`\`graphql\n${documentFor(kind, field)}\n\`\`\``,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
};

/** A document to begin with: what has to be given, and the answer's own values. */
function documentFor(kind, { name, args, type }) {
  const needed = args.filter(isRequiredArgument);
  const variables = needed.map((arg) => `$${arg.name}: ${arg.type}`).join(', ');
  const given = needed.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  const head = `${kind}${variables === '' ? '' : ` (${variables})`}`;
  const call = `${name}${given === '' ? '' : `(${given})`}`;
  return `${head} {\n  ${call}${selectionOf(getNamedType(type), '  ')}\n}`;
}

function selectionOf(type, indent) {
  if (isLeafType(type)) return '';
  const inner = `${indent}  `;
  const lines = isUnionType(type)
    ? type.getTypes().map((each) => `... on ${each.name}${selectionOf(each, inner)}`)
    : fieldsOf(type).map((field) => field.name + selectionOf(getNamedType(field.type), inner));
  return ` {\n${lines.map((line) => `${inner}${line}\n`).join('')}${indent}}`;
}

/** The fields that need no selection of their own; of a list all, down to its nodes (Relay). */
function fieldsOf(type) {
  const fields = Object.values(type.getFields()).filter(
    ({ args }) => !args.some(isRequiredArgument),
  );
  if (/(Connection|Edge)$/.test(type.name)) return fields;
  return fields.filter((field) => isLeafType(getNamedType(field.type)));
}

function typeSection(type) {
  return [`## ${type.name}`, prose(type.description), members(type)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function members(type) {
  if (isUnionType(type))
    return type
      .getTypes()
      .map((each) => `- ${reference(each)}`)
      .join('\n');
  if (isEnumType(type))
    return rows(
      ['Value', ''],
      type.getValues().map(({ name, description }) => [`\`${name}\``, cell(description)]),
    );
  if (isScalarType(type)) return '';
  return table('Field', Object.values(type.getFields()));
}

function table(title, fields) {
  return rows(
    [title, 'Type', ''],
    fields.map((field) => [`\`${field.name}\``, reference(field.type), cell(fieldText(field))]),
  );
}

function fieldText({ description, args = [], defaultValue }) {
  const takes = args.map(({ name, type }) => `\`${name}\`: ${reference(type)}`).join(', ');
  const unless =
    defaultValue === undefined ? '' : ` \`${JSON.stringify(defaultValue)}\` unless given.`;
  return `${description ?? ''}${unless}${takes === '' ? '' : ` Takes ${takes}.`}`;
}

const rows = (head, body) =>
  [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The type as SDL writes it, which leads to where it is described. */
function reference(type) {
  const named = getNamedType(type);
  const page = pages.find(({ has }) => has?.(named))?.name ?? 'objects';
  const [before, after] = String(type).split(named.name);
  const link = `[${named.name}](${page}.md#${named.name.toLowerCase()})`;
  return `${before.replaceAll('[', '\\[')}${link}${after.replaceAll(']', '\\]')}`;
}

/** Words such as <token> are no tags. */
const prose = (text) => (text ?? '').replaceAll('<', '&lt;').replaceAll('{{', '&#123;&#123;');
const cell = (text) => prose(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

export function writeApiReference() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const sdl = readFileSync(new URL('schema.graphql', root), 'utf8');
  for (const [name, text] of apiReference(sdl)) writeFileSync(new URL(name, folder), text);
}
