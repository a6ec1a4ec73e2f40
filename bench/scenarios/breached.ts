import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBreachedPasswords } from '../../src/commands/build-breached-passwords.ts';
import { type BreachedFilter, readFilter } from '../../src/domain/passwords/breached-filter.ts';
import { readOptions } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';

const digestOf = (password: string): Buffer => createHash('sha1').update(password).digest();

/** Builds a filter of so many passwords by the command, and asks it for these and for others. */
export async function run(args: readonly string[]): Promise<void> {
  const { entries } = readOptions(args, { entries: 2_000_000 });
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  try {
    const list = join(folder, 'list.txt');
    const output = join(folder, 'breached.filter');
    writeFileSync(list, makeList(entries));
    const build = cpuSeconds();
    await buildBreachedPasswords(list, { output });
    out(`build: ${build().toFixed(1)} s of processor time`);
    const read = cpuSeconds();
    const filter = readFilter(output);
    out(`read and checked: ${(read() * 1000).toFixed(0)} ms of processor time`);
    lookUp(filter, entries);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As the download has it: digests with counts. */
function makeList(entries: number): string {
  const lines: string[] = [];
  for (let n = 0; n < entries; n += 1)
    lines.push(`${digestOf(`listed ${n}`).toString('hex').toUpperCase()}:${(n % 1000) + 1}\r\n`);
  return lines.join('');
}

function lookUp(filter: BreachedFilter, entries: number): void {
  out(`size: ${(filter.bytes / 1e6).toFixed(2)} MB for ${filter.count}`);
  let missed = 0;
  for (let n = 0; n < entries; n += 1) if (!filter.has(digestOf(`listed ${n}`))) missed += 1;
  judge(`PW-19: no entry is missed: ${missed} of ${entries}`, missed === 0);
  let taken = 0;
  const asking = cpuSeconds();
  for (let n = 0; n < entries; n += 1) if (filter.has(digestOf(`other ${n}`))) taken += 1;
  const each = (asking() / entries) * 1e6;
  const rate = (100 * taken) / entries;
  judge(`PW-19: false positives at most 0.1 %: ${rate.toFixed(4)} %`, rate <= 0.1);
  out(`a look-up: ${each.toFixed(2)} µs of processor time, with its SHA-1`);
}

/** The processor time since the call, in seconds: it hardly depends on the machine's other work. */
function cpuSeconds(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
}
