import type { ApolloServer } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../app.ts';
import type { Database, Db } from '../../db/driver/client.ts';
import { eventLoop } from '../../observability/event-loop.ts';
import type { StatementWatch } from '../../observability/tracing.ts';
import type { TrustedProxies } from '../hooks/client-address.ts';
import { operationOf, watchOperation } from '../hooks/metrics.ts';
import type { Answer } from './answer.ts';
import { runByApollo } from './apollo.ts';
import { createContext, type Handles, type RequestContext } from './context.ts';
import { Deadline } from './deadline.ts';
import { fastOperation } from './fast-path.ts';
import { LongTexts } from './long-texts.ts';
import type { OperationCache } from './operation-cache.ts';
import { runCached } from './run-cached.ts';

export type RunnerOptions = {
  readonly app: App;
  readonly apollo: ApolloServer<RequestContext>;
  readonly cache: OperationCache;
  readonly trustedProxies: TrustedProxies;
  /** Milliseconds for a whole operation. */
  readonly deadline: number;
};

/** What an operation is read from: a client's request to /graphql, or what a page puts together. */
export type OperationRequest = Pick<
  FastifyRequest,
  'id' | 'method' | 'url' | 'headers' | 'body' | 'socket' | 'span'
> & { readonly raw: Pick<FastifyRequest['raw'], 'rawHeaders'> };

export type OperationAnswer = Answer & { readonly longTexts: LongTexts };

/**
 * Cookies and Retry-After go to `reply`. Rejects where there is no answer: the operation took too
 * long, or a fault.
 */
export type OperationRunner = (
  request: OperationRequest,
  reply: Pick<FastifyReply, 'getHeader' | 'header'>,
) => Promise<OperationAnswer>;

/**
 * Runs each operation in a context of its own, watched and within a deadline: executed at once
 * where the fast path may be taken, by Apollo otherwise.
 */
export function createOperationRunner(options: RunnerOptions): OperationRunner {
  const { app, apollo, cache, trustedProxies } = options;
  return async (request, reply) => {
    const watch = watchOperation(app, request);
    const { log, observed } = watch;
    const deadline = new Deadline();
    const handles = new RequestHandles(app.database, deadline, watch.onStatement);
    const longTexts = new LongTexts(app.random, (error) =>
      log.error(
        { err: error, requestId: request.id, operation: operationOf(observed) },
        'An answer broke off.',
      ),
    );
    const context = (): RequestContext =>
      createContext(app, { request, reply, trustedProxies, observed, handles, longTexts, log });
    const run = async (): Promise<Answer> => {
      const fast = fastOperation(request, cache);
      const answer = fast && (await runCached(fast, context()));
      return answer ?? runByApollo(apollo, request, context);
    };
    try {
      const answer = await deadline.bound(run(), options.deadline);
      watch.end(answer.status);
      return { ...answer, longTexts };
    } catch (error) {
      if (deadline.aborted)
        log.warn(
          {
            event: 'operation.late',
            requestId: request.id,
            operation: operationOf(observed),
            // How much of that time this process could do nothing else.
            held: Math.round(eventLoop().longestHold()),
          },
          'An operation took too long and was cancelled.',
        );
      watch.fail(error);
      throw error;
    }
  };
}

/**
 * A request's handles to the database, each made when it is first asked for: `me` asks for none. A
 * class, since V8 keeps accessors of an object literal too long.
 */
class RequestHandles implements Handles {
  readonly #database: Database;
  readonly #deadline: Deadline;
  readonly #watch: StatementWatch | undefined;
  #db: Db | undefined;
  #readDb: Db | undefined;

  constructor(database: Database, deadline: Deadline, watch: StatementWatch | undefined) {
    this.#database = database;
    this.#deadline = deadline;
    this.#watch = watch;
  }

  get db(): Db {
    this.#db ??= this.#database.during(this.#deadline, this.#watch);
    return this.#db;
  }

  get readDb(): Db {
    this.#readDb ??= this.#database.readDuring(this.#deadline, this.#watch);
    return this.#readDb;
  }
}
