import type { Ledger } from './ledger.ts';
import { type Fault, type Recovery, recoveries } from './ledger-check.ts';
import { judge, out } from './report.ts';

/** Milliseconds after its end in which everything has to be back. */
const bound = 5000;

/** A table of how each operation came through all of the faults, and what was broken. */
export function tellFault(input: {
  readonly name: string;
  readonly ledger: Ledger;
  readonly faults: readonly Fault[];
  readonly lost: readonly string[];
}): void {
  const { name, ledger, faults, lost } = input;
  const rounds = faults.map((fault, index) => roundOf(ledger, { faults, fault, index }));
  out(`\n${name}, ${faults.length} times`);
  out(`  ${'seconds'.padEnd(16)}acknowledged  unanswered    back  caught     new`);
  for (const [index, { kind }] of (rounds[0] ?? []).entries()) {
    const rows = rounds.map((round) => round[index]).filter((row) => row !== undefined);
    const at = (read: (row: Recovery) => number): string =>
      (Math.max(...rows.map(read)) / 1000).toFixed(1).padStart(8);
    const sum = (outcome: string): string =>
      String(
        ledger.operations.filter((each) => each.kind === kind && each.outcome === outcome).length,
      );
    const isLate = rows.some((row) => slowest(row) > bound);
    if (isLate) process.exitCode = 1;
    out(
      `  ${kind.padEnd(16)}${sum('acknowledged').padStart(12)}${sum('unanswered').padStart(12)}` +
        `${at((row) => row.back)}${at((row) => row.caughtUntil)}` +
        `${at((row) => row.slowestAfter)}${isLate ? '  FAILED' : ''}`,
    );
  }
  const signedOut = lost.filter((each) => /signed out|refused \(refresh\)/.test(each));
  for (const each of lost.slice(0, 5)) out(`    ${each}`);
  judge(
    `${lost.length - signedOut.length} acknowledged operations are lost`,
    lost.length === signedOut.length,
  );
  judge(`${signedOut.length} people were signed out without cause`, signedOut.length === 0);
}

/** What was sent from one fault to the next, and what a fault has caught. */
function roundOf(
  ledger: Ledger,
  input: { readonly faults: readonly Fault[]; readonly fault: Fault; readonly index: number },
): Recovery[] {
  const { faults, fault, index } = input;
  const next = faults[index + 1]?.begunAt ?? Number.POSITIVE_INFINITY;
  const before = index === 0 ? 0 : fault.begunAt;
  // What was under way when the next one began was caught by that one.
  const operations = ledger.operations.filter(
    ({ sentAt, endedAt }) =>
      (sentAt < fault.endedAt || endedAt <= next) && (sentAt >= before || endedAt > fault.endedAt),
  );
  return recoveries({ ...ledger, operations }, fault);
}

function slowest(row: Recovery): number {
  return Math.max(row.back, row.caughtUntil, row.slowestAfter);
}
