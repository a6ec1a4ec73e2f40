import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The slowest test files, many of them waiting for timers. Vitest knows durations only from an
 * earlier run and otherwise sorts by file size; a slow file that starts last prolongs the run.
 */
export const longest: readonly string[] = [
  'src/http/pages/account/pages.browser.test.ts',
  'examples/web.browser.test.ts',
  'src/domain/accounts/crash.test.ts',
  'src/domain/held-rows.test.ts',
  'src/http/token-kinds.test.ts',
  'src/domain/signing-keys/rotation.test.ts',
  'src/domain/second-factors/second-factor-races.test.ts',
  'src/http/availability.test.ts',
  'src/commands/import-users.test.ts',
  'src/commands/log-failures.test.ts',
  'src/commands/run-server.test.ts',
  'src/domain/sign-in/verify-otp.test.ts',
  'src/commands/import-exports.test.ts',
  'src/bundle.test.ts',
  'src/package.test.ts',
  'src/domain/sign-in/proved-mailbox.test.ts',
  'src/deployment.test.ts',
  'src/domain/sign-in/shut-doors.test.ts',
  'src/domain/sign-in/refresh-race.test.ts',
  'src/commands/run-workers.test.ts',
  'src/commands/lock-folder.test.ts',
  'src/commands/start.test.ts',
  'src/observability/dashboard.test.ts',
  'src/domain/emails/mails.browser.test.ts',
  'src/domain/signing-keys/rotation-under-load.test.ts',
  'src/http/pages/graphiql/graphiql.browser.test.ts',
  'src/domain/second-factors/round.browser.test.ts',
  'src/http/anonymous.test.ts',
  'src/testing/embedded-postgres.test.ts',
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
