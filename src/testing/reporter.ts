import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

type Counts = { passed: number; failed: number; skipped: number };

/** Prints last how many tests ran on which database, with the totals on the last line. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    const total: Counts = { passed: 0, failed: 0, skipped: 0 };
    const ranOn = new Map<string, number>();
    for (const module of modules) {
      const counts = count(module);
      total.passed += counts.passed;
      total.failed += counts.failed;
      total.skipped += counts.skipped;
      const database = module.project.getProvidedContext().databaseName ?? module.project.name;
      ranOn.set(database, (ranOn.get(database) ?? 0) + counts.passed + counts.failed);
    }
    total.failed += errors.length;
    // If the run fails for another reason (no tests, an interrupt), the last line must not report
    // success.
    if (total.failed === 0 && (reason !== 'passed' || process.exitCode)) total.failed = 1;

    const lines = [...ranOn].map(([database, tests]) => `${database}: ${tests} tests`);
    if (total.skipped > 0) lines.push(`${total.skipped} skipped`);
    lines.push(`${total.passed} passed, ${total.failed} failed`);
    process.stdout.write(`\n${lines.join('\n')}\n`);
  }
}

function count(module: TestModule): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') counts.passed += 1;
    else if (state === 'skipped') counts.skipped += 1;
    else counts.failed += 1; // Also counts pending tests, which did not finish.
  }
  // A file that failed to load, or a failed hook, has errors besides those of its tests.
  counts.failed += module.errors().length;
  for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
  return counts;
}
