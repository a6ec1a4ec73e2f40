import type { FastifyInstance } from 'fastify';

export type HealthRouteOptions = {
  /**
   * Whether requests can be served: the database answers, migrations are in, the server does not
   * drain.
   */
  readonly ready: () => Promise<boolean>;
  /** Milliseconds to wait for `ready`; 2000 unless told. */
  readonly deadline?: number;
};

/**
 * `GET /livez` and `GET /readyz`: one word and nothing on version, configuration or users (CF-7,
 * ASVS 13.4.5).
 */
export function healthRoute(
  fastify: FastifyInstance,
  { ready, deadline = 2000 }: HealthRouteOptions,
): void {
  let asking: Promise<boolean> | undefined;
  // One query at a time, however many requests come: the route is open to all and must not become
  // load on the database.
  const isReady = (): Promise<boolean> => {
    asking ??= within(deadline, ready).finally(() => {
      asking = undefined;
    });
    return asking;
  };

  fastify.get('/livez', (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok'));
  fastify.get('/readyz', async (_request, reply) => {
    const answer = await isReady();
    return reply
      .code(answer ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(answer ? 'ok' : 'not ready');
  });
}

async function within(deadline: number, ready: () => Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, deadline, false);
  });
  try {
    return await Promise.race([ready(), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
