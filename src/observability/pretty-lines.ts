import type { DestinationStream } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { standardOutput } from './log-output.ts';

const format = prettyFactory({ colorize: process.stdout.isTTY === true, ignore: 'level' });

/**
 * The log for a terminal. It runs in this process because a bundle has no file for a pino thread.
 */
export const prettyLines: DestinationStream = {
  write: (line) => standardOutput().write(format(line)),
};
