import { expect, it } from 'vitest';
import { startTestServer } from '../../testing/app.ts';
import { registerPerson } from '../../testing/people.ts';
import { lookInto } from '../../testing/raw-sql.ts';

it('X-41 exportAccount holds every event of a long life, each once, the newest first', async () => {
  const server = await startTestServer();
  try {
    const person = await registerPerson(server);
    const [{ id } = { id: '' }] = await lookInto(
      server,
      (sql) => sql<{ id: string }[]>`select id from users where email = ${person.email}`,
    );
    await lookInto(
      server,
      (sql) => sql`insert into audit_events (id, at, type, outcome, actor_id, subject_id)
        select ('01000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, now(), 'long.ago',
          'SUCCESS', ${id}, case when n % 2 = 0 then ${id}::uuid else gen_random_uuid() end
        from generate_series(1, 12000) n`,
    );
    const answer = await server.mutate('exportAccount', {}, { token: person.accessToken });
    const { isComplete, securityEvents } = JSON.parse(answer.json);
    expect(isComplete).toBe(true);
    const ids: string[] = securityEvents.map((event: { id: string }) => event.id);
    expect(ids.filter((each) => each.startsWith('01000000'))).toHaveLength(12_000);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual([...ids].sort().reverse());
  } finally {
    await server.stop();
  }
});
