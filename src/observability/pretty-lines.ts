import type { DestinationStream } from 'pino';
import { prettyFactory } from 'pino-pretty';

const format = prettyFactory({ colorize: true, ignore: 'level' });

/**
 * The log for a terminal. It runs in this process because a bundle has no file for a pino thread.
 */
export const prettyLines: DestinationStream = {
  write: (line) => void process.stdout.write(format(line)),
};
