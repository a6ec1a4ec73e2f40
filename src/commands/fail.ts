/** Reports the failure on standard error and sets exit status 1, or 2 for wrong usage. */
export function fail(message: string, status: 1 | 2 = 1): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = status;
}

/** Reports what takes long on standard error; standard output may be read by a program. */
export function tell(message: string): void {
  process.stderr.write(`${message}\n`);
}
