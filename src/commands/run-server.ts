import type { Logger } from 'pino';
import { systemClock } from '../clock.ts';
import { compose } from '../compose.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/client.ts';
import type { GraphiqlRouteOptions } from '../http/graphiql/graphiql.route.ts';
import { createServer } from '../http/server.ts';
import { createMailer } from '../mail/create-mailer.ts';

type Options = {
  readonly config: Config;
  readonly log: Logger;
  /** Opens a migrated database. */
  readonly open: () => Promise<Database>;
  readonly graphiql?: GraphiqlRouteOptions;
};

/** Milliseconds for what has begun to finish, after SIGTERM. */
const drainDeadline = 10_000;

/** From configuration to a listening server, and from a signal to its end. Answers once it listens, or null where it could not start. */
export async function runServer({ config, log, open, graphiql }: Options): Promise<string | null> {
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const database = await open();
    closers.push(() => database.close());
    const mailer = await createMailer(config, { clock: systemClock });
    const { app, stop } = await compose({ config, database, mailer, log });
    closers.push(stop);
    const server = await createServer(app, graphiql ? { graphiql } : {});
    closers.push(() => server.close());
    handleSignals(log, closeAll);
    const address = await server.listen();
    log.info({ event: 'server.started' }, `Listening on ${address}`);
    return address;
  } catch (error) {
    log.fatal({ err: error, event: 'server.not_started' }, 'The server could not start.');
    process.exitCode = 1;
    await closeAll().catch(() => {});
    return null;
  }
}

function handleSignals(log: Logger, closeAll: () => Promise<void>): void {
  let ending = false;
  const end = (reason: string, status: number): void => {
    if (ending) return;
    ending = true;
    log.info({ event: 'server.stopping', reason }, 'Stopping.');
    setTimeout(() => process.exit(1), drainDeadline).unref();
    closeAll().then(
      () => {
        log.info({ event: 'server.stopped' }, 'Stopped.');
        process.exit(status);
      },
      (error: unknown) => {
        log.error({ err: error, event: 'server.stopped' }, 'Stopped with an error.');
        process.exit(1);
      },
    );
  };
  // Containers and systemd send SIGTERM, a terminal SIGINT (ADV-57).
  process.once('SIGTERM', () => end('SIGTERM', 0));
  process.once('SIGINT', () => end('SIGINT', 0));
  // LG-8: what nobody caught is logged once and ends the process in order; its state cannot be trusted any more.
  // `on`, not `once`: a second one while the first closes must not fall to Node's own handler, which prints it raw and ends at once.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error, event: 'process.uncaught' }, 'An exception was not caught.');
    end('uncaughtException', 1);
  });
  process.on('unhandledRejection', (reason) => {
    log.fatal({ err: reason, event: 'process.unhandled' }, 'A rejection was not handled.');
    end('unhandledRejection', 1);
  });
}
