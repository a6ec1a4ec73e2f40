/** Prints one line. */
export function out(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints whether a claim holds; where it does not, the process ends with status 1. */
export function judge(what: string, holds: boolean): void {
  if (!holds) process.exitCode = 1;
  out(`${holds ? 'holds ' : 'FAILS '} ${what}`);
}
