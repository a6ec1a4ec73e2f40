/**
 * `npm run bench -- NAME [options]`: measurements on this machine. Each check begins with `passed`
 * or `FAILED`, and the status is 1 if one failed. bench/RESULTS.md has the figures.
 */
import { UsageError } from './shared/options.ts';
import { out } from './shared/report.ts';

type Scenario = (args: readonly string[]) => Promise<void>;
type Entry = { readonly about: string; readonly load: () => Promise<{ readonly run: Scenario }> };

/** Parts of the comparison, which share its server, its rounds and its options. */
const parts: Readonly<Record<string, string>> = {
  start: 'how long a start takes',
  me: 'requests a second and latency of `me`, memory',
  refresh: 'processor time of refreshSession',
  'sign-in': 'sign-ins a second on one core',
  register: 'registrations a second on one core',
  entities: '_entities of a gateway, a hundred users at a time',
  storm: '`me` while others sign in without pause (AV-1)',
};

const scenarios: Readonly<Record<string, Entry>> = {
  anonymous: {
    about: 'memory and rows under anonymous requests of every kind, over twenty days (AV-7)',
    load: () => import('./scenarios/anonymous.ts'),
  },
  attacks: {
    about: 'how long hostile requests take and keep others waiting (GQ-2 to GQ-6)',
    load: () => import('./scenarios/attacks.ts'),
  },
  availability: {
    about: 'refusals and recovery when the database goes away; slow clients (AV-4 AV-6)',
    load: () => import('./scenarios/availability.ts'),
  },
  breached: {
    about: 'a filter of two million breached passwords: size, errors, look-ups (PW-19)',
    load: () => import('./scenarios/breached.ts'),
  },
  console: {
    about: 'the console’s first list among a million users, on a slowed processor; Chromium',
    load: () => import('./scenarios/console.ts'),
  },
  failover: {
    about: 'what is lost, and for how long nothing is answered, when the primary dies (AV-8)',
    load: () => import('./scenarios/failover.ts'),
  },
  faults: {
    about: 'what people see of every fault, ten times each, and what is lost (X-53); --only NAME',
    load: () => import('./scenarios/faults.ts'),
  },
  growth: {
    about: 'ten million users beside ten thousand; takes half an hour',
    load: () => import('./scenarios/growth.ts'),
  },
  identities: {
    about: 'start, memory, processor time and statements of signing in by other providers (B10)',
    load: () => import('./scenarios/identities.ts'),
  },
  import: {
    about: 'import-users with a million users, killed half-way and run again',
    load: () => import('./scenarios/import.ts'),
  },
  'mail-pictures': {
    about: 'pictures of every mail, light and dark, to look at',
    load: () => import('./scenarios/mail-pictures.ts'),
  },
  migrate: {
    about: 'migrates a million users while fifty requests a second go on (X-35)',
    load: () => import('./scenarios/migrate.ts'),
  },
  passkeys: {
    about: 'sign-ins with passkeys while others sign in with passwords (PK-20)',
    load: () => import('./scenarios/passkeys.ts'),
  },
  patroni: {
    about: 'a cluster of Patroni: leader killed, cut off, switched over, restarted (AV-8)',
    load: () => import('./scenarios/patroni.ts'),
  },
  pgbouncer: {
    about: 'the whole flow, and `me`, behind PgBouncer in transaction mode',
    load: () => import('./scenarios/pgbouncer.ts'),
  },
  purge: {
    about: 'how long statements of a purge take, and whether sign-ins wait for them (DP-6)',
    load: () => import('./scenarios/purge.ts'),
  },
  rotation: {
    about: 'steady traffic through three rotations of the signing key',
    load: () => import('./scenarios/rotation.ts'),
  },
  scaling: {
    about: '`me` of one worker, of two, and of two instances behind nginx',
    load: () => import('./scenarios/scaling.ts'),
  },
  timing: {
    about: 'whether answers take as long for every kind of account (RC-1 EN-2 EN-3 PW-16)',
    load: () => import('./scenarios/timing.ts'),
  },
};

function help(): void {
  out('npm run bench [-- NAME … [options]]\n');
  out('Without a name: all parts of the comparison with a bare node:http server (the floor).');
  out('Build the server first: npm run build. Several parts may be named at once.\n');
  const entries = [
    ...Object.entries(parts),
    ...Object.entries(scenarios).map(([name, { about }]): [string, string] => [name, about]),
  ];
  for (const [index, [name, about]] of entries.entries()) {
    if (index === Object.keys(parts).length) out('\nOthers, one at a time, from the sources:');
    out(`  ${name.padEnd(14)} ${about}`);
  }
  out('\nAn unknown option prints those that a scenario has.');
}

async function run(args: readonly string[]): Promise<void> {
  const firstOption = args.findIndex((argument) => argument.startsWith('-'));
  const names = firstOption < 0 ? args : args.slice(0, firstOption);
  const options = args.slice(names.length);
  if (options.includes('--help')) return help();
  const [name = '', ...more] = names;
  const scenario = scenarios[name];
  if (scenario) {
    if (more.length > 0) throw new UsageError(`${name} runs alone; its options begin with --.`);
    return (await scenario.load()).run(options);
  }
  const unknown = names.find((each) => parts[each] === undefined);
  if (unknown !== undefined)
    throw new UsageError(`There is no ${unknown}: npm run bench -- --help`);
  const { compare } = await import('./compare/compare.ts');
  await compare({ parts: new Set(names.length > 0 ? names : Object.keys(parts)), options });
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  // At once: what a scenario has started already would keep this process.
  process.exit(2);
}
