import { setTimeout as sleep } from 'node:timers/promises';
import { mutate } from '../../src/testing/client.ts';
import { createPasskeySigner, type PasskeySigner } from '../../src/testing/passkey-signer.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { loginQuery } from '../compare/passwords.ts';
import { password } from '../shared/accounts.ts';
import { makeDatabase, startDurablePostgres } from '../shared/databases.ts';
import { registerAccount, serverEnvironment, startBuilt } from '../shared/instances.ts';
import { type Load, startGenerator } from '../shared/load.ts';
import { median, percentile, spread } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { bothCores, otherCore } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';
import { graphqlRequest } from '../shared/requests.ts';

/** Milliseconds more that the slowest hundredth may take while passwords are hashed (PK-20). */
const bound = 20;
const people = 16;
/** Milliseconds from one sign-in to the next: the machine is not to be busy with them. */
const pause = 10;

type Url = { readonly url: string };

/**
 * Sign-ins with passkeys, alone and beside many more with passwords than can be hashed, at bcrypt's
 * default cost: hashes that fill libuv's threads would hold up WebCrypto's signatures. They come at
 * a rate, since clients that are refused and ask again at once would measure the machine's cores.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { rounds, count, rate } = readOptions(args, { rounds: 5, count: 200, rate: 30 });
  const postgres = await startDurablePostgres();
  const smtp = await startSmtpStandIn({ startTls: false });
  const url = await makeDatabase(postgres.url, 'bench');
  const env = serverEnvironment({ databaseUrl: url, smtpPort: smtp.port });
  const server = await startBuilt({
    env: { ...env, BCRYPT_COST: '12', SESSION_LIMIT: '500' },
    cores: bothCores,
    nodeFlags: ['--max-semi-space-size=16'],
  });
  const generator = await startGenerator(otherCore);
  const emails = Array.from({ length: people }, (_, number) => `person-${number}@example.com`);
  const signers: PasskeySigner[] = [];
  for (const email of emails) {
    // Those who sign in with passwords are others: no row of theirs is waited for.
    await registerAccount(server.url, { email: `other-${email}`, smtp });
    const { accessToken } = await registerAccount(server.url, { email, smtp });
    signers.push(await addPasskey(server, accessToken));
  }
  const logins: Load = {
    port: server.port,
    // Enough for all that wait at once.
    connections: 128,
    rate,
    seconds: (count * (pause + 25)) / 1000,
    requests: emails.map((email) =>
      graphqlRequest({
        query: loginQuery,
        variables: { input: { email: `other-${email}`, password } },
      }),
    ),
    expected: ['"AuthTokens"'],
    shed: '"OVERLOADED"',
  };
  await signIn(server, signers, count);
  const more: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const calm = await signIn(server, signers, count);
    const storming = generator.run(logins);
    await sleep(1000);
    const stormy = await signIn(server, signers, count);
    const storm = await storming;
    out(`  verifyPasskey alone ${spread(calm)}`);
    out(`  while ${rate} a second sign in with passwords ${spread(stormy)}`);
    out(`  meanwhile ${storm.count} sign-ins, ${storm.shed} shed, ${storm.wrongCount} wrong`);
    more.push(percentile(stormy, 0.99) - percentile(calm, 0.99));
  }
  const found = median(more);
  judge(
    `PK-20 p99 of verifyPasskey: ${found.toFixed(1)} ms more, at most ${bound}`,
    found <= bound,
  );
  await generator.stop();
  await server.stop();
  await smtp.close();
  await postgres.stop();
}

async function addPasskey({ url }: Url, token: string): Promise<PasskeySigner> {
  const signer = createPasskeySigner({ origin: 'http://localhost:4000' });
  const begun = await mutate(url, 'startPasskeyRegistration', {}, { token });
  const credential = signer.register(begun.options);
  const input = { challengeId: begun.id, credential };
  const added = await mutate(url, 'confirmPasskeyRegistration', input, { token });
  if (added.__typename !== 'Passkey') throw new Error(JSON.stringify(added));
  return signer;
}

/** Milliseconds of each verifyPasskey. */
async function signIn(
  { url }: Url,
  signers: readonly PasskeySigner[],
  count: number,
): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const signer = signers[n % signers.length];
    if (!signer) throw new Error('No one has a passkey.');
    const begun = await mutate(url, 'requestPasskeyLogin', {});
    const input = { challengeId: begun.id, credential: signer.assert(begun.options) };
    const sentAt = performance.now();
    const answer = await mutate(url, 'verifyPasskey', input);
    took.push(performance.now() - sentAt);
    if (answer.__typename !== 'AuthTokens') throw new Error(JSON.stringify(answer));
    await sleep(pause);
  }
  return took;
}
