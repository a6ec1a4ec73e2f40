import { type DocumentNode, getOperationAST, type OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { staleBearerFields } from '../../graphql/access.ts';
import { rootFields } from '../../graphql/root-fields.ts';

/** An operation of a document that was parsed and found valid. */
export type KnownOperation = {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** `Query.me` and the like. */
  readonly fields: readonly string[];
  /** Whether it may be asked for with a bearer that does not hold. */
  readonly mayBeStale: boolean;
};

export type KnownOperations = {
  /**
   * By its text to the letter, and the name where the request has one; null for what has not been
   * seen, or has no such operation.
   */
  find(query: string, operationName: string | undefined): KnownOperation | null;
  /** Only what was found valid by every rule. */
  learn(query: string, document: DocumentNode): void;
};

/**
 * As many as in graphql/document-store, for the same reason: a flood of made-up ones takes turns
 * (AV-7).
 */
const mostDocuments = 500;
const mostCharacters = 256 * 1024;

/** Bytes of a request that is run by the short way. */
export const largestKnown = 8192;

type Known = { readonly document: DocumentNode; readonly byName: Map<string, KnownOperation> };

/** The documents that clients send again and again, the least recently used ones given up first. */
export function createKnownOperations(): KnownOperations {
  const documents = new LRUCache<string, Known>({
    max: mostDocuments,
    maxSize: mostCharacters,
    sizeCalculation: (_, query) => Math.max(1, query.length),
  });
  return {
    find: (query, operationName = '') => {
      const known = documents.get(query);
      if (!known) return null;
      const found = known.byName.get(operationName) ?? read(known.document, operationName);
      // A name that the document has not is not kept: anybody can make up names.
      if (found) known.byName.set(operationName, found);
      return found;
    },
    learn: (query, document) => {
      documents.set(query, { document, byName: new Map() });
    },
  };
}

function read(document: DocumentNode, operationName: string): KnownOperation | null {
  const operation = getOperationAST(document, operationName === '' ? undefined : operationName);
  return operation ? describe(document, operation) : null;
}

/** What the server wants to know of an operation before it runs it. */
export function describe(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): KnownOperation {
  const fields = rootFields(document, operation);
  // An operation of meta fields alone is none of those that may come with a stale bearer (JW-13).
  const mayBeStale = fields.length > 0 && fields.every((field) => staleBearerFields.has(field));
  return { document, operation, fields, mayBeStale };
}
