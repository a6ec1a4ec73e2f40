import { type DocumentNode, validate, visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import { authSchema } from '../../../../src/graphql/schema.ts';
import * as documents from './documents.ts';

const all = Object.entries(documents) as [name: string, document: DocumentNode][];

describe('the console’s documents', () => {
  it.each(all)('%s is valid against the schema', (_name, document) => {
    expect(validate(authSchema(), document)).toEqual([]);
  });

  it('count nothing, and are named as the console’s', () => {
    expect(all.length).toBeGreaterThan(6);
    const fields = new Set<string>();
    const names: string[] = [];
    for (const [, document] of all) {
      visit(document, {
        Field: ({ name }) => void fields.add(name.value),
        OperationDefinition: ({ name }) => void names.push(name?.value ?? ''),
      });
    }
    expect([...fields]).not.toContain('totalCount');
    for (const name of names) expect(name).toMatch(/^Console[A-Z]/);
    expect(new Set(names).size).toBe(names.length);
  });
});
