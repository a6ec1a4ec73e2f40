/** Says on standard error what went wrong, and makes the process end with status 1. */
export function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
