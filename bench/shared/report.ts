/** Prints one line. */
export function out(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints whether a check passed; if it failed, the process ends with status 1. */
export function judge(what: string, passed: boolean): void {
  if (!passed) process.exitCode = 1;
  out(`${passed ? 'passed' : 'FAILED'}  ${what}`);
}
