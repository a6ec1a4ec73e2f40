import type { TestProject } from 'vitest/node';

/** The project `pglite` needs no server: each worker creates its databases in memory. */
export default function setUp(project: TestProject): void {
  project.provide('testServer', null);
  project.provide('databaseName', 'pglite');
}
