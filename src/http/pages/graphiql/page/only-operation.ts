import { parse, print, separateOperations } from 'graphql';

/**
 * One operation of a tab and what it spreads: a document may have few (docs/security.md), and a
 * tab any number. The text as it is where it has no such operation, or is no GraphQL.
 */
export function onlyOperation(query: string, operationName: string | null | undefined): string {
  if (!operationName) return query;
  try {
    const document = separateOperations(parse(query))[operationName];
    return document === undefined ? query : print(document);
  } catch {
    return query;
  }
}
