import { password } from '../shared/accounts.ts';
import { type Load, serialText } from '../shared/load.ts';
import { median } from '../shared/numbers.ts';
import { judge } from '../shared/report.ts';
import { graphqlRequest, postRequest } from '../shared/requests.ts';
import {
  joined,
  type Kind,
  kinds,
  measureInTurns,
  processorRatio,
  type Results,
  ratios,
  ratioText,
} from './measure.ts';
import type { Round } from './round.ts';

/** Enough that one waits while another is hashed, and few enough that none is refused. */
const connections = 8;

export const loginQuery = `mutation Login($input: LoginInput!) { login(input: $input) {
  __typename ... on AuthTokens { accessToken refreshToken user { id } } } }`;
const registerQuery = `mutation Register($input: RegisterInput!) { register(input: $input) {
  __typename ... on OtpChallenge { id } } }`;

type Both = Readonly<Record<Kind, Load>>;

/** The same password at the same cost, in both. */
function signIns({ servers, signedIn, seconds }: Round): Both {
  const inputs = signedIn.map(({ email }) => ({ email, password }));
  const common = { connections, seconds, warmUpSeconds: 1 };
  return {
    floor: {
      ...common,
      port: servers.floor.port,
      requests: inputs.map((input) => postRequest('/login', input)),
      expected: signedIn.map(({ id }) => `{"data":{"login":{"id":"${id}"`),
    },
    latchkey: {
      ...common,
      port: servers.latchkey.port,
      requests: inputs.map((input) => graphqlRequest({ query: loginQuery, variables: { input } })),
      expected: ['"AuthTokens"'],
    },
  };
}

/** A new address each; ours estimates the password's strength and puts a mail into the outbox. */
function registrations({ servers, seconds }: Round): Both {
  const input = { email: `${serialText}@example.com`, password };
  const common = { connections, seconds, warmUpSeconds: 1, numbered: true };
  return {
    floor: {
      ...common,
      port: servers.floor.port,
      requests: [postRequest('/register', input)],
      expected: ['{"data":{"register":{"hash":"$2b$'],
    },
    latchkey: {
      ...common,
      port: servers.latchkey.port,
      requests: [graphqlRequest({ query: registerQuery, variables: { input } })],
      expected: ['"OtpChallenge"'],
    },
  };
}

async function measureBoth(round: Round, name: string, loads: Both): Promise<void> {
  const { stage, servers, results, seconds } = round;
  for (const kind of kinds) await stage.generator.run({ ...loads[kind], seconds: 2 });
  const sides = {
    floor: { server: servers.floor, load: loads.floor },
    latchkey: { server: servers.latchkey, load: loads.latchkey },
  };
  const pairs = await measureInTurns(stage, sides, { pairs: 2, turnSeconds: seconds });
  for (const kind of kinds)
    results.note(`${name}: ${kind}`, joined(pairs.map((pair) => pair[kind])));
  results.add(`${name} processor`, [processorRatio(pairs)]);
  results.add(
    name,
    ratios(pairs, ({ perSecond }) => perSecond),
  );
}

export const measureSignIns = (round: Round): Promise<void> =>
  measureBoth(round, 'sign-ins', signIns(round));
export const measureRegistrations = (round: Round): Promise<void> =>
  measureBoth(round, 'registrations', registrations(round));

export function judgeSignIns(results: Results): void {
  const found = results.values('sign-ins');
  judge(
    [
      `sign-ins a second on one core: ${ratioText(found)} of the floor`,
      `at least 0.8; ${results.processorText('sign-ins')}`,
    ].join(', '),
    median(found) >= 0.8,
  );
}

export function judgeRegistrations(results: Results): void {
  const found = results.values('registrations');
  judge(
    [
      `registrations a second on one core: ${ratioText(found)} of the floor`,
      `at least 0.6; ${results.processorText('registrations')}`,
    ].join(', '),
    median(found) >= 0.6,
  );
}
