import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** The interface that Apollo Server requires of a document cache. */
export type DocumentStore = {
  get(key: string): Promise<DocumentNode | undefined>;
  set(key: string, document: DocumentNode): Promise<void>;
  delete(key: string): Promise<boolean>;
};

/**
 * A client has a few dozen operations. The limit keeps a flood of made-up documents from using more
 * memory than this (AV-7).
 */
const maxDocuments = 500;
/**
 * Limit on the total length of the cached texts; a parsed document takes up to two hundred times as
 * many bytes.
 */
const maxCharacters = 256 * 1024;

/** An LRU cache of documents that were parsed and found valid. */
export function createDocumentStore(): DocumentStore {
  const documents = new LRUCache<string, DocumentNode>({
    max: maxDocuments,
    maxSize: maxCharacters,
    sizeCalculation: ({ loc }) => Math.max(1, loc?.end ?? maxCharacters),
  });
  return {
    get: async (key) => documents.get(key),
    set: async (key, document) => {
      documents.set(key, document);
    },
    delete: async (key) => documents.delete(key),
  };
}
