import { Agent, request } from 'node:http';

/**
 * Who signs in without pause, in a process of their own: bench/storm.ts measures beside them, not
 * behind them.
 */
export type Storm = {
  readonly url: string;
  readonly emails: readonly string[];
  readonly password: string;
  readonly seconds: number;
};
export type StormAnswers = {
  readonly signedIn: number[];
  readonly shed: number[];
  readonly others: string[];
};

const { url, emails, password, seconds }: Storm = JSON.parse(process.argv[2] ?? '{}');
const agent = new Agent({ keepAlive: true, maxSockets: emails.length });
const query = 'mutation M($input: LoginInput!) { login(input: $input) { __typename } }';

function signIn(email: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const sent = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent
      .on('error', reject)
      .end(JSON.stringify({ query, variables: { input: { email, password } } }));
  });
}

const answers: StormAnswers = { signedIn: [], shed: [], others: [] };
const end = performance.now() + seconds * 1000;
await Promise.all(
  emails.map(async (email) => {
    while (performance.now() < end) {
      const begun = performance.now();
      const { status, text } = await signIn(email);
      const took = performance.now() - begun;
      if (text.includes('"AuthTokens"')) answers.signedIn.push(took);
      else if (status === 503 && text.includes('"OVERLOADED"')) answers.shed.push(took);
      else answers.others.push(text.slice(0, 200));
    }
  }),
);
agent.destroy();
process.send?.(answers);
