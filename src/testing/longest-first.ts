import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The slowest test files, many of them waiting for timers. Vitest knows durations only from an
 * earlier run and otherwise sorts by file size; a slow file that starts last prolongs the run.
 */
export const longest: readonly string[] = [
  'src/domain/signing-keys/rotation.test.ts',
  'src/http/outage.test.ts',
  'src/commands/import-users.test.ts',
  'src/domain/accounts/crash.test.ts',
  'src/http/token-kinds.test.ts',
  'src/package.test.ts',
  'src/domain/signing-keys/rotation-under-load.test.ts',
  'src/commands/run-workers.test.ts',
  'src/commands/run-server.test.ts',
  'src/domain/sign-in/refresh-race.test.ts',
  'src/commands/keys.test.ts',
  'src/commands/create-admin.test.ts',
  'src/commands/start.test.ts',
  'src/db/driver/wire.test.ts',
  'src/http/failover.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longest.indexOf(relative(this.ctx.config.root, moduleId).replaceAll('\\', '/'));
      return place < 0 ? longest.length : place;
    };
    // The sort is stable within each project, whose files have workers of their own.
    const projects = [...new Set(sorted.map(({ project }) => project))];
    return projects.flatMap((project) =>
      sorted.filter((file) => file.project === project).sort((a, b) => rank(a) - rank(b)),
    );
  }
}
