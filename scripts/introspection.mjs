// Writes the schema as introspection answers it: for tools that want no SDL, since servers in
// production answer no introspection.
import { readFileSync, writeFileSync } from 'node:fs';
import { buildSchema, introspectionFromSchema } from 'graphql';

const [to] = process.argv.slice(2);
const schema = buildSchema(readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'));
writeFileSync(to, JSON.stringify({ data: introspectionFromSchema(schema) }));
