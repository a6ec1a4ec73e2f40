import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import type { TestProject } from 'vitest/node';
import { migratePglite } from '../db/pglite.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The dump of a migrated database of PGlite, for the project that uses it. */
    migratedDump: string;
  }
}

/**
 * The project `pglite` needs no server: each worker loads its databases into memory, from one dump,
 * since migrating takes far longer than loading.
 */
export default async function setUp(project: TestProject): Promise<() => void> {
  const scratchFolder = mkdtempSync(join(tmpdir(), 'latchkey-scratch-'));
  const migratedDump = join(scratchFolder, 'migrated.tar');
  writeFileSync(migratedDump, await dumpMigrated());
  project.provide('testServer', null);
  project.provide('databaseName', 'pglite');
  project.provide('migratedDump', migratedDump);
  return () => rmSync(scratchFolder, { recursive: true, force: true });
}

async function dumpMigrated(): Promise<Uint8Array> {
  const client = await PGlite.create();
  try {
    await migratePglite(client);
    const dump = await client.dumpDataDir('none');
    return new Uint8Array(await dump.arrayBuffer());
  } finally {
    await client.close();
  }
}
