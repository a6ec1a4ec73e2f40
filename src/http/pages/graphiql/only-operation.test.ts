import { describe, expect, it } from 'vitest';
import { onlyOperation } from './page/only-operation.ts';

describe('onlyOperation', () => {
  const query = '# both\nquery A { me { ...F } } query B { me { id } } fragment F on User { id }';

  it.each([
    ['no name', query, null],
    ['the name of none', query, 'C'],
    ['no GraphQL', 'query A { me {', 'A'],
  ])('leaves the text as it is with %s', (_what, text, name) => {
    expect(onlyOperation(text, name)).toBe(text);
  });

  it('takes the operation and its fragments', () => {
    const words = (text: string): string => text.replaceAll(/\s+/g, ' ');
    expect(words(onlyOperation(query, 'A'))).toBe(
      'query A { me { ...F } } fragment F on User { id }',
    );
    expect(words(onlyOperation(query, 'B'))).toBe('query B { me { id } }');
  });
});
