import { type AuditFail, auditServer } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';

let server: TestServer;
beforeAll(async () => {
  // The suite sends variables with an introspection query, so introspection must be on.
  server = await startTestServer({ config: { introspection: true } });
});
afterAll(() => server.stop());

/**
 * GET requests that any page could make a browser send: CSRF prevention blocks them on purpose
 * (TR-5).
 */
const stoppedOnPurpose = ['5A70', '6A70', 'D6D5'];

describe('GraphQL over HTTP', () => {
  it('GQ-19 passes every MUST and SHOULD of the audit suite, and most of the MAY', async () => {
    const results = await auditServer({ url: `${server.url}/graphql` });
    const failed = results.filter((result): result is AuditFail => result.status !== 'ok');
    expect(failed.map(({ id }) => id).sort()).toEqual(stoppedOnPurpose);
    expect(failed.map(({ status }) => status)).toEqual(['notice', 'notice', 'notice']);
    const count = (level: string): number =>
      results.filter(({ name }) => name.startsWith(level)).length;
    expect([results.length, count('MUST'), count('SHOULD')]).toEqual([61, 13, 23]);
  });

  it('GQ-19 keeps the status of errors outside the document in any media type', async () => {
    const json = { accept: 'application/json' };
    const invalid = await server.send('{ nothingOfTheKind }', {}, { headers: json });
    expect(invalid).toMatchObject({
      status: 200,
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    expect((await server.send('{ nothingOfTheKind }')).status).toBe(400);
    // A client without an Accept header, such as a script.
    expect(
      (await server.send('{ nothingOfTheKind }', {}, { headers: { accept: '*/*' } })).status,
    ).toBe(400);
    expect((await server.send('{ me { id } }', {}, { token: 'stale', headers: json })).status).toBe(
      401,
    );
  });
});
