import type { Load, LoadResult } from '../shared/load.ts';
import { median, percentile, sum } from '../shared/numbers.ts';
import { processorTime } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';
import type { Server, Stage } from './stage.ts';

export type Kind = 'floor' | 'latchkey';
export const kinds = ['floor', 'latchkey'] as const;

export type Measured = LoadResult & {
  readonly perSecond: number;
  /** Shares of one core. */
  readonly server: number;
  readonly generator: number;
  readonly database: number;
  /** Of the server's processor time, for each right answer. */
  readonly microseconds: number;
};

/** Sends a load for its seconds, and counts what each process took meanwhile. */
export async function measure(stage: Stage, server: Server, load: Load): Promise<Measured> {
  const databases = stage.databasePids();
  const times = (): [number, number, number] => [
    processorTime(server.pid),
    processorTime(stage.generator.pid),
    sum(databases.map(processorTime)),
  ];
  if (load.warmUpSeconds) await stage.generator.run({ ...load, seconds: load.warmUpSeconds });
  const before = times();
  const result = await stage.generator.run({ ...load, warmUpSeconds: 0 });
  const after = times();
  judgeAnswers(result);
  const [servers, generator, database] = [0, 1, 2].map(
    (index) => ((after[index] ?? 0) - (before[index] ?? 0)) / result.seconds,
  ) as [number, number, number];
  return {
    ...result,
    perSecond: result.count / result.seconds,
    server: servers,
    generator,
    database,
    microseconds: (servers * result.seconds * 1e6) / Math.max(1, result.count),
  };
}

/** Says nothing where all answers were right. */
export function judgeAnswers({ wrong, wrongCount }: LoadResult): void {
  if (wrongCount > 0) judge(`no wrong answer; ${wrongCount} were, such as ${wrong[0]}`, false);
}

/** A pair of turns next to each other in time, one of each server. */
type Pair = Readonly<Record<Kind, Measured>>;

/**
 * Measures both servers in turns: on a machine whose speed changes from minute to minute, what is
 * next to each other in time can be compared.
 */
export async function measureInTurns(
  stage: Stage,
  sides: Readonly<Record<Kind, { readonly server: Server; readonly load: Load }>>,
  { pairs, turnSeconds }: { readonly pairs: number; readonly turnSeconds: number },
): Promise<Pair[]> {
  const measured: Pair[] = [];
  for (let n = 0; n < pairs; n += 1) {
    const turn = async (kind: Kind): Promise<Measured> => {
      const { server, load } = sides[kind];
      return measure(stage, server, { ...load, seconds: turnSeconds });
    };
    // Who is first alternates: what one leaves behind, such as a garbage collection, falls into the
    // turn of the other.
    if (n % 2 === 0) {
      const floor = await turn('floor');
      measured.push({ floor, latchkey: await turn('latchkey') });
    } else {
      const latchkey = await turn('latchkey');
      measured.push({ floor: await turn('floor'), latchkey });
    }
  }
  return measured;
}

/** Latchkey's figure to the floor's, of each pair. */
export function ratios(pairs: readonly Pair[], of: (measured: Measured) => number): number[] {
  return pairs.map(({ floor, latchkey }) => of(latchkey) / of(floor));
}

/** The server's processor time for an answer to the floor's, over all turns. */
export function processorRatio(pairs: readonly Pair[]): number {
  const [floor, latchkey] = kinds.map((kind) => joined(pairs.map((pair) => pair[kind])));
  return (latchkey?.microseconds ?? Number.NaN) / (floor?.microseconds ?? Number.NaN);
}

/** `1.42 (12 pairs, half of them from 1.31 to 1.50)` */
export function ratioText(values: readonly number[]): string {
  const [low, high] = [0.25, 0.75].map((share) => percentile(values, share).toFixed(2));
  return `${median(values).toFixed(2)} (${values.length} pairs, half of them ${low} to ${high})`;
}

/**
 * Turns as one: rates and shares over all of them, since processor time is counted in hundredths
 * of a second; medians of their percentiles.
 */
export function joined(turns: readonly Measured[]): Measured {
  const total = (of: (measured: Measured) => number): number => sum(turns.map(of));
  const mean = (of: (measured: Measured) => number): number => total(of) / turns.length;
  const count = total((turn) => turn.count);
  const seconds = total((turn) => turn.seconds);
  const server = mean((turn) => turn.server);
  return {
    count,
    seconds,
    shed: total((turn) => turn.shed),
    perSecond: count / seconds,
    p50: median(turns.map(({ p50 }) => p50)),
    p99: median(turns.map(({ p99 }) => p99)),
    max: Math.max(...turns.map(({ max }) => max)),
    wrong: turns.flatMap(({ wrong }) => wrong),
    wrongCount: total(({ wrongCount }) => wrongCount),
    server,
    generator: mean((turn) => turn.generator),
    database: mean((turn) => turn.database),
    microseconds: (server * seconds * 1e6) / Math.max(1, count),
  };
}

/** What was measured so far: lines of the table by name, and numbers to be judged by name. */
export class Results {
  private readonly lines = new Map<string, Measured[]>();
  private readonly series = new Map<string, number[]>();

  /** Prints a line, and keeps it for the medians at the end. */
  note(name: string, measured: Measured): void {
    this.lines.set(name, [...(this.lines.get(name) ?? []), measured]);
    out(`  ${line(name, measured)}`);
  }

  add(name: string, values: readonly number[]): void {
    this.series.set(name, [...(this.series.get(name) ?? []), ...values]);
  }

  values(name: string): readonly number[] {
    return this.series.get(name) ?? [];
  }

  /** Beside rates, since it says the same on a machine that has other work. */
  processorText(name: string): string {
    const ratio = median(this.values(`${name} processor`));
    return `processor time of an answer ${ratio.toFixed(2)} of its`;
  }

  printMedians(): void {
    out(`\nmedians of the rounds, by answers a second\n  ${header}`);
    for (const [name, all] of this.lines) {
      const sorted = [...all].sort((a, b) => a.perSecond - b.perSecond);
      const middle = sorted[Math.floor(sorted.length / 2)];
      if (middle) out(`  ${line(name, middle)}`);
    }
    out();
  }
}

const header = [
  ''.padEnd(34),
  'answers/s',
  'p50 ms'.padStart(9),
  'p99 ms'.padStart(9),
  ' share of a core: server, generator, PostgreSQL; the server for an answer',
].join(' ');

function line(name: string, measured: Measured): string {
  const shares = [measured.server, measured.generator, measured.database].map((share) =>
    `${Math.round(share * 100)} %`.padStart(6),
  );
  const cells = [
    name.padEnd(34),
    measured.perSecond.toFixed(measured.perSecond < 100 ? 2 : 0).padStart(9),
    measured.p50.toFixed(2).padStart(9),
    measured.p99.toFixed(2).padStart(9),
    shares.join(''),
    `${measured.microseconds.toFixed(0)} µs`.padStart(9),
  ];
  return cells.join(' ');
}
