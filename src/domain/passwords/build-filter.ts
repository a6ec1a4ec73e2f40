import { createFilter, mostEntries } from './breached-filter.ts';
import { type ListedPassword, ListFault } from './breached-list.ts';

type Selection = {
  /** How many passwords are taken. */
  readonly count: number;
  /** Those that were seen more often are taken, and of those seen as often the first `ties`. */
  readonly least: number;
  readonly ties: number;
};

/**
 * The filter file of a list, or of its `top` entries that were seen most often, which are the first
 * ones where the list has no counts. The list is read twice, so that it need not fit into memory.
 * Throws ListFault for an empty list, one that is too long, and one that changes meanwhile.
 */
export function buildFilter(
  read: () => Iterable<ListedPassword>,
  { top }: { readonly top: number | null },
): { readonly file: Buffer; readonly count: number; readonly listed: number } {
  const tally = new Map<number, number>();
  let listed = 0;
  for (const { seen } of read()) {
    listed += 1;
    tally.set(seen, (tally.get(seen) ?? 0) + 1);
  }
  if (listed === 0) throw new ListFault('The list is empty.');
  const { count, least, ties } = select(tally, Math.min(top ?? listed, listed));
  if (count > mostEntries)
    throw new ListFault(`A filter holds ${mostEntries} passwords at most: take fewer by --top.`);
  const filter = createFilter(count);
  let added = 0;
  let room = ties;
  for (const { digest, seen } of read()) {
    if (seen < least || (seen === least && room === 0)) continue;
    if (seen === least) room -= 1;
    filter.add(digest);
    added += 1;
  }
  if (added !== count) throw new ListFault('The list was changed while it was read.');
  return { file: filter.finish(), count, listed };
}

function select(tally: ReadonlyMap<number, number>, count: number): Selection {
  let room = count;
  for (const [seen, times] of [...tally].sort(([a], [b]) => b - a)) {
    if (times >= room) return { count, least: seen, ties: room };
    room -= times;
  }
  return { count, least: 0, ties: 0 };
}
