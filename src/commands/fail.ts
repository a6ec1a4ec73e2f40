/**
 * Says on standard error what went wrong, and makes the process end with status 1, or with 2 where
 * the command was called wrongly.
 */
export function fail(message: string, status: 1 | 2 = 1): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = status;
}
