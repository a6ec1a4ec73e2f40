import { type ApolloServer, HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import type { App } from '../../app.ts';
import type { Database, Db } from '../../db/driver/client.ts';
import type { Over } from '../../db/driver/pool.ts';
import type { StatementOwner } from '../../db/driver/statement-owner.ts';
import { AuthError } from '../../errors.ts';
import type { RequestSpan, StatementWatch } from '../../observability/tracing.ts';
import type { Answer } from '../hooks/answer.ts';
import type { TrustedProxies } from '../hooks/client-address.ts';
import { watchOperation } from '../hooks/metrics.ts';
import {
  type Incoming,
  type OpenContext,
  type Outgoing,
  openContext,
  type Ways,
} from './context.ts';
import type { PlainRequest } from './fast-path.ts';
import type { KnownOperation } from './operation-cache.ts';
import { runKnown } from './run-cached.ts';

export type RunnerOptions = {
  readonly app: App;
  readonly apollo: ApolloServer<OpenContext>;
  readonly trustedProxies: TrustedProxies;
  /** Milliseconds for a whole operation. */
  readonly deadline: number;
};

export type Carried = {
  readonly request: Incoming & { readonly span: RequestSpan | null };
  readonly reply: Outgoing;
};

/** A request that needs no second look, with its operation where that is known. */
export type Plain = { readonly plain: PlainRequest; readonly operation: KnownOperation | null };

export type OperationRunner = {
  /**
   * By the shortest way that leads to the same answer. Rejects where there is none: the operation
   * took too long, or a fault.
   */
  runPlain(carried: Carried, plain: Plain): Promise<Answer>;
  /** Whatever may come, by Apollo's own reading of HTTP. */
  runAny(carried: Carried, request: FastifyRequest): Promise<Answer>;
};

/** Runs operations, each in a context of its own, watched, and with an end to its time. */
export function createOperationRunner({
  app,
  apollo,
  trustedProxies,
  deadline,
}: RunnerOptions): OperationRunner {
  const run = async (
    { request, reply }: Carried,
    work: (open: () => OpenContext) => Promise<Answer>,
  ): Promise<Answer> => {
    const watch = watchOperation(app, request);
    const late = (): void => {
      watch.log.warn(
        { event: 'operation.late', requestId: request.id },
        'An operation took too long and was ended.',
      );
    };
    const over = new Ending();
    const ways = new WaysDuring(app.database, { over, watch: watch.onStatement });
    const { log, observed } = watch;
    const open = (): OpenContext =>
      openContext(app, { request, reply, trustedProxies, observed, ways, log });
    try {
      const answer = await withinDeadline({ milliseconds: deadline, over, late }, work(open));
      watch.end(answer.status);
      return answer;
    } catch (error) {
      watch.fail(error);
      throw error;
    }
  };
  return {
    runPlain: (carried, { plain, operation }) =>
      run(carried, async (open) => {
        const { variables } = plain.request;
        const answer = operation ? await runKnown(operation, { variables, ctx: open() }) : null;
        if (!answer) return executePlain(apollo, plain, open());
        return { ...answer, headers: [...answer.headers, ['content-type', plain.contentType]] };
      }),
    runAny: (carried, request) => run(carried, (open) => executeAny(apollo, request, open)),
  };
}

/** Whatever may come, by Apollo's own reading of HTTP. */
async function executeAny(
  apollo: ApolloServer<OpenContext>,
  request: FastifyRequest,
  open: () => OpenContext,
): Promise<Answer> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const answer = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: request.method,
      headers,
      search: request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '',
      body: request.body,
    },
    context: async () => open(),
  });
  return { status: answer.status ?? 200, headers: answer.headers, text: textOf(answer.body) };
}

/** Neither @defer nor subscriptions are part of the API: an answer is always whole (GQ-17). */
function textOf(body: HTTPGraphQLResponse['body']): string {
  if (body.kind !== 'complete') throw new Error('An answer came in parts.');
  return body.string;
}

/**
 * The operation itself is run as any other; only what HTTP adds has been settled already (decision
 * 093).
 */
async function executePlain(
  apollo: ApolloServer<OpenContext>,
  { request, contentType }: PlainRequest,
  contextValue: OpenContext,
): Promise<Answer> {
  const { http, body } = await apollo.executeOperation(request, { contextValue });
  if (body.kind !== 'single') throw new Error('An answer came in parts.');
  const { errors, data, extensions } = body.singleResult;
  http.headers.set('content-type', contentType);
  // In this order, so that a reader sees errors first (GraphQL, "Response").
  return {
    status: http.status ?? 200,
    headers: http.headers,
    text: `${JSON.stringify({ errors, data, extensions })}\n`,
  };
}

/**
 * A request's way to the database, made when a query asks for it: `me` asks for none. A class: V8
 * keeps accessors of a literal too long.
 */
class WaysDuring implements Ways {
  readonly #database: Database;
  readonly #over: Ending;
  readonly #watch: StatementWatch | undefined;
  #db: Db | undefined;
  #readDb: Db | undefined;

  constructor(
    database: Database,
    { over, watch }: { over: Ending; watch: StatementWatch | undefined },
  ) {
    this.#database = database;
    this.#over = over;
    this.#watch = watch;
  }

  get statementOwner(): StatementOwner {
    return { over: this.#over, watch: this.#watch };
  }

  get db(): Db {
    this.#db ??= this.#database.during(this.#over, this.#watch);
    return this.#db;
  }

  get readDb(): Db {
    this.#readDb ??= this.#database.readDuring(this.#over, this.#watch);
    return this.#readDb;
  }
}

/**
 * The end of an operation's time. Not an AbortController: making one takes longer than a look-up's
 * way through the pool.
 */
class Ending implements Over {
  readonly #listeners = new Set<() => void>();
  #isOver = false;

  get aborted(): boolean {
    return this.#isOver;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  come(): void {
    this.#isOver = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}

/**
 * The work's result, or OVERLOADED when the time is over (GQ-15). Then its statements are cancelled
 * and it can begin no more: an open transaction is rolled back, and what it still computes changes
 * nothing.
 */
function withinDeadline<T>(
  deadline: { milliseconds: number; over: Ending; late: () => void },
  work: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      deadline.over.come();
      deadline.late();
      reject(new AuthError('OVERLOADED', { retryAfter: 1 }));
    }, deadline.milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
