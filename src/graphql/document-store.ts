import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** What Apollo Server asks of a place for documents. */
export type DocumentStore = {
  get(key: string): Promise<DocumentNode | undefined>;
  set(key: string, document: DocumentNode): Promise<void>;
  delete(key: string): Promise<boolean>;
};

/**
 * A client has a few dozen operations. A flood of made-up ones takes turns in here and no memory
 * beyond (AV-7).
 */
const mostDocuments = 500;
/** Characters of their texts; a tree takes up to two hundred times as many bytes. */
const mostCharacters = 256 * 1024;

/** Documents that were parsed and found valid, the least recently used ones given up first. */
export function createDocumentStore(): DocumentStore {
  const documents = new LRUCache<string, DocumentNode>({
    max: mostDocuments,
    maxSize: mostCharacters,
    sizeCalculation: ({ loc }) => Math.max(1, loc?.end ?? mostCharacters),
  });
  return {
    get: async (key) => documents.get(key),
    set: async (key, document) => {
      documents.set(key, document);
    },
    delete: async (key) => documents.delete(key),
  };
}
