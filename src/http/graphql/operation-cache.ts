import { hash } from 'node:crypto';
import { type DocumentNode, getOperationAST, type OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { staleBearerFields } from '../../graphql/access.ts';
import { rootFields } from '../../graphql/root-fields.ts';

/** An operation of a document that was parsed and found valid. */
export type CachedOperation = {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** `Query.me` and the like. */
  readonly fields: readonly string[];
  /** Whether it may be called with an invalid bearer token. */
  readonly mayBeStale: boolean;
};

/** What Apollo Server asks of a cache for documents. */
type DocumentStore = {
  get(key: string): Promise<DocumentNode | undefined>;
  set(key: string, document: DocumentNode): Promise<void>;
  delete(key: string): Promise<boolean>;
};

export type OperationCache = {
  /** For Apollo Server, which puts each document in that it has found valid by every rule. */
  readonly documentStore: DocumentStore;
  /**
   * By the document's exact text, and the operation's name where the request has one. Null where
   * the document is not cached or has no such operation.
   */
  find(query: string, operationName: string | undefined): CachedOperation | null;
};

/**
 * A client has a few dozen operations. A flood of invented ones evicts others and takes no memory
 * beyond these bounds (AV-7).
 */
const maxDocuments = 500;
/** Characters of their texts; a parsed document takes up to two hundred times as many bytes. */
const maxCharacters = 256 * 1024;

type Entry = { readonly document: DocumentNode; readonly byName: Map<string, CachedOperation> };

/** The one cache of documents: an LRU that Apollo Server fills and the fast path reads. */
export function createOperationCache(): OperationCache {
  const entries = new LRUCache<string, Entry>({
    max: maxDocuments,
    maxSize: maxCharacters,
    sizeCalculation: ({ document }) => Math.max(1, document.loc?.end ?? maxCharacters),
  });
  return {
    documentStore: {
      get: async (key) => entries.get(textHash(key))?.document,
      set: async (key, document) => {
        entries.set(textHash(key), { document, byName: new Map() });
      },
      delete: async (key) => entries.delete(textHash(key)),
    },
    find: (query, operationName = '') => {
      const entry = entries.get(hash('sha256', query));
      if (!entry) return null;
      const found = entry.byName.get(operationName) ?? findIn(entry.document, operationName);
      // A name that the document lacks is not kept: a caller can invent any number of names.
      if (found) entry.byName.set(operationName, found);
      return found;
    },
  };
}

/** Apollo's key is the schema's hash, a colon, and the SHA-256 of the text; the schema is one. */
function textHash(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}

function findIn(document: DocumentNode, operationName: string): CachedOperation | null {
  const operation = getOperationAST(document, operationName === '' ? undefined : operationName);
  return operation ? describeOperation(document, operation) : null;
}

/** What the server has to know of an operation before it runs it. */
export function describeOperation(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): CachedOperation {
  const fields = rootFields(document, operation);
  // An operation of meta fields alone may not come with an invalid bearer (JW-13).
  const mayBeStale = fields.length > 0 && fields.every((field) => staleBearerFields.has(field));
  return { document, operation, fields, mayBeStale };
}
