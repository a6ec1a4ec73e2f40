import { median } from '../shared/numbers.ts';
import { readOptions, UsageError } from '../shared/options.ts';
import { memory } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';
import { measureEntities } from './entities.ts';
import { judgeMe, measureMe } from './me.ts';
import { Results } from './measure.ts';
import {
  judgeRegistrations,
  judgeSignIns,
  measureRegistrations,
  measureSignIns,
} from './passwords.ts';
import { judgeRefresh, measureRefresh } from './refresh.ts';
import { floorTokens, type Round, type SignedIn, signIn } from './round.ts';
import { openStage, type Stage } from './stage.ts';
import { judgeStorm, measureStorm } from './storm.ts';

const defaults = {
  rounds: 3,
  /** Of each measurement. */
  seconds: 5,
  /** JWT_ALGORITHM of Latchkey. */
  algorithm: 'ES256',
  /** Clients that sign in during the storm. */
  clients: 16,
  /** A folder for V8's profiles of the server. */
  profile: '',
  /** NAME=VALUE for the server. */
  env: [],
  /** A flag of Node's for the server, as in --node=--trace-gc. */
  node: [],
} as const;

/** In this order: memory after `me` is that of a server that did nothing else. */
const parts: Readonly<Record<string, (round: Round) => Promise<void>>> = {
  me: measureMe,
  entities: measureEntities,
  refresh: measureRefresh,
  'sign-in': measureSignIns,
  register: measureRegistrations,
};

const verdicts: Readonly<Record<string, (results: Results) => void>> = {
  me: judgeMe,
  refresh: judgeRefresh,
  'sign-in': judgeSignIns,
  register: judgeRegistrations,
  storm: judgeStorm,
  start: judgeStart,
};

/**
 * The built server in production mode beside the floor (floor.mjs), in turns, on one core each
 * time; the generator has the other. Prints medians, ratios and which bounds passed or failed.
 */
export async function compare(input: {
  readonly parts: ReadonlySet<string>;
  readonly options: readonly string[];
}): Promise<void> {
  const options = readOptions(input.options, defaults);
  const results = new Results();
  const stage = await openStage({
    algorithm: options.algorithm,
    env: Object.fromEntries(options.env.map(readPair)),
    nodeFlags: [
      ...options.node,
      ...(options.profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]),
    ],
  });
  out(`Node ${process.version}, ${options.rounds} rounds, ${options.seconds} s for each figure`);
  try {
    const signedIn = await signInOnce(stage);
    const tokens = await floorTokens(stage.floorSecret, signedIn);
    for (let round = 1; round <= options.rounds; round += 1) {
      out(`round ${round}`);
      await measureRound(input.parts, {
        stage,
        signedIn,
        floorTokens: tokens,
        results,
        seconds: options.seconds,
      });
    }
    if (input.parts.has('storm')) {
      out('storm');
      await measureStorm({ ...options, stage, signedIn, results });
    }
  } finally {
    await stage.close();
  }
  results.printMedians();
  for (const [name, verdict] of Object.entries(verdicts)) {
    if (input.parts.has(name)) verdict(results);
  }
  judgeMemory(input.parts, results);
}

function readPair(text: string): [string, string] {
  const [, name, value] = /^([A-Z0-9_]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError('--env takes NAME=VALUE');
  return [name, value];
}

async function signInOnce(stage: Stage): Promise<SignedIn[]> {
  const server = await stage.startLatchkey();
  const signedIn = await signIn(server, stage.accounts);
  await server.stop();
  return signedIn;
}

async function measureRound(
  chosen: ReadonlySet<string>,
  options: Omit<Round, 'servers'>,
): Promise<void> {
  const { stage, results } = options;
  const floor = await stage.startFloor();
  const latchkey = await stage.startLatchkey();
  const megabytes = (): string => memory(latchkey.pid).now.toFixed(0);
  results.add('ready', [latchkey.readyAfter]);
  out(`  ready after ${latchkey.readyAfter.toFixed(0)} ms, ${megabytes()} MB`);
  for (const [name, part] of Object.entries(parts)) {
    if (!chosen.has(name)) continue;
    await part({ ...options, servers: { floor, latchkey } });
    if (name !== 'me') out(`  ${megabytes()} MB after ${name}`);
  }
  results.add('memory after all', [memory(latchkey.pid).now]);
  await latchkey.stop();
  await floor.stop();
}

function judgeStart(results: Results): void {
  const ready = median(results.values('ready'));
  judge(`ready after ${ready.toFixed(0)} ms, under 1000`, ready < 1000);
}

/** The bounds are checked only after a complete run. */
function judgeMemory(chosen: ReadonlySet<string>, results: Results): void {
  if (!Object.keys(parts).every((name) => chosen.has(name))) return;
  const megabytes = median(results.values('memory after all'));
  judge(`memory after all of it: ${megabytes.toFixed(0)} MB, under 230`, megabytes < 230);
}
