import Fastify, { type FastifyInstance } from 'fastify';
import { buildSchema, graphql } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../testing/browser.ts';
import { openGraphiql } from '../../testing/graphiql.ts';
import { errorBody, errorOptions } from '../error-body.ts';
import { securityHeaders } from '../security-headers.ts';
import { graphiqlRoute } from './graphiql.route.ts';
import { prepareGraphiql } from './prepare-graphiql.ts';

const schema = buildSchema(`
  scalar DateTime
  type User { id: ID! email: String emailVerified: Boolean roles: [String!] createdAt: DateTime }
  type OtpChallenge { id: ID! methods: [String!]! sentTo: String expiresAt: DateTime! }
  type AuthTokens { accessToken: String! accessTokenExpiresAt: DateTime! refreshToken: String user: User! }
  type AuthFieldError { path: String! message: String! }
  type AuthError { code: String! message: String! fields: [AuthFieldError!]! }
  type AuthAccepted { accepted: Boolean! }
  union RegisterResult = OtpChallenge | AuthError
  union VerifyOtpResult = AuthTokens | OtpChallenge | AuthError
  union LogoutResult = AuthAccepted | AuthError
  input RegisterInput { email: String! password: String! }
  input VerifyOtpInput { challengeId: ID! code: String! }
  input LogoutInput { refreshToken: String }
  type Query { me: User }
  type Mutation {
    register(input: RegisterInput!): RegisterResult!
    verifyOtp(input: VerifyOtpInput!): VerifyOtpResult!
    logout(input: LogoutInput!): LogoutResult!
  }
`);
const accessToken = `head.${Buffer.from('{"exp":4000000000}').toString('base64url')}.signature`;
const user = { id: '7', email: 'you@example.com' };

/** Plays the API: one account, one challenge, one token. */
function openServer(asked: string[]): FastifyInstance {
  const fastify = Fastify(errorOptions({ publicUrl: 'http://localhost' }));
  errorBody(fastify);
  securityHeaders(fastify, { publicUrl: 'http://localhost' });
  fastify.post<{ Body: { query: string } }>('/graphql', ({ body, headers }) => {
    const name = /^\s*(?:query|mutation) (\w+)/m.exec(body.query)?.[1] ?? '';
    asked.push(headers.authorization === undefined ? name : `${name} with ${headers.authorization.slice(0, 11)}`);
    return graphql({
      schema,
      source: body.query,
      rootValue: {
        register: () => ({
          __typename: 'OtpChallenge',
          id: 'challenge-1',
          sentTo: 'y***@example.com',
          expiresAt: 'soon',
        }),
        verifyOtp: ({ input }: { input: { challengeId: string; code: string } }) =>
          input.challengeId === 'challenge-1' && input.code === '123456'
            ? { __typename: 'AuthTokens', accessToken, accessTokenExpiresAt: 'soon', refreshToken: 'r', user }
            : { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_CODE', message: 'No.', fields: [] },
        me: () => (headers.authorization === `Bearer ${accessToken}` ? user : null),
        logout: () => ({ __typename: 'AuthAccepted', accepted: true }),
      },
    });
  });
  return fastify;
}

const browser = await launchBrowser();

describe.skipIf(browser === null)('GraphiQL in a browser', () => {
  const asked: string[] = [];
  const fastify = openServer(asked);
  let baseUrl = '';
  beforeAll(async () => {
    const page = prepareGraphiql({ dataDirectory: 'node_modules/.cache/latchkey', log: fastify.log });
    graphiqlRoute(fastify, page);
    baseUrl = await fastify.listen({ host: '127.0.0.1', port: 0 });
    await page.ready;
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await fastify.close();
  });

  it('leads a newcomer from no account to a signed-in query, from our own files and within its policy', async () => {
    if (browser === null) throw new Error('There is no browser.');
    const graphiql = await openGraphiql(browser, baseUrl);
    expect(await graphiql.page.title()).toBe('Latchkey · GraphiQL');
    expect(await graphiql.page.getByRole('link', { name: 'Mailbox' }).getAttribute('href')).toBe('/dev/mailbox');
    const status = graphiql.page.getByRole('banner').getByRole('status');
    expect(await status.textContent()).toBe('Not signed in');

    expect(await graphiql.run()).toMatchObject({ data: { register: { id: 'challenge-1' } } });
    await graphiql.openTab('VerifyOtp');
    await graphiql.edit((query) => query.replace('code: ""', 'code: "123456"'));
    expect(await graphiql.run()).toMatchObject({ data: { verifyOtp: { accessToken } } });
    await status.getByText('Signed in').waitFor();
    await graphiql.openTab('Me');
    expect(await graphiql.run()).toMatchObject({ data: { me: user } });

    await graphiql.page.getByRole('button', { name: 'Sign out' }).click();
    await status.getByText('Not signed in').waitFor();
    expect(await graphiql.run()).toEqual({ data: { me: null } });

    expect(asked).toEqual([
      'IntrospectionQuery',
      'Register',
      'VerifyOtp',
      'Me with Bearer head',
      'SignOut with Bearer head',
      'Me',
    ]);
    expect(await graphiql.page.evaluate('Object.keys(localStorage)')).toEqual([]);
    expect(graphiql.problems).toEqual([]);
    await graphiql.page.close();
  });
});
