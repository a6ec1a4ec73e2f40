import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { healthRoute } from './health.route.ts';

function openServer(ready: () => Promise<boolean>): FastifyInstance {
  const fastify = Fastify();
  healthRoute(fastify, { ready, deadline: 100 });
  return fastify;
}

const failingChecks: readonly (readonly [string, () => Promise<boolean>])[] = [
  ['says no', async () => false],
  ['fails', () => Promise.reject(new Error('postgres://canary@db'))],
  [
    'fails at once',
    () => {
      throw new Error('postgres://canary@db');
    },
  ],
  ['hangs', () => new Promise<boolean>(() => {})],
];

describe('healthRoute', () => {
  it.each(failingChecks)(
    'CF-7 is not ready, in two words, when the check %s',
    async (_name, ready) => {
      const answer = await openServer(ready).inject('/readyz');
      expect([answer.statusCode, answer.body]).toEqual([503, 'not ready']);
    },
  );

  it('CF-7 answers ok and nothing else', async () => {
    const fastify = openServer(async () => true);
    for (const url of ['/livez', '/readyz']) {
      const answer = await fastify.inject(url);
      expect([answer.statusCode, answer.body, answer.headers['content-type']]).toEqual([
        200,
        'ok',
        'text/plain; charset=utf-8',
      ]);
      expect((await fastify.inject({ method: 'HEAD', url })).statusCode).toBe(200);
    }
  });

  it('is live while it is not ready', async () => {
    expect((await openServer(async () => false).inject('/livez')).body).toBe('ok');
  });

  it('checks once for concurrent requests, and again later', async () => {
    let asked = 0;
    const fastify = openServer(async (): Promise<boolean> => {
      asked += 1;
      await sleep(20);
      return asked < 2;
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => fastify.inject('/readyz')));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(20).fill(200));
    expect(asked).toBe(1);
    expect((await fastify.inject('/readyz')).statusCode).toBe(503);
  });
});
