import type { DestinationStream } from 'pino';
import { prettyFactory } from 'pino-pretty';

const format = prettyFactory({ colorize: true, ignore: 'level' });

/** The log for a person at a terminal. In this process: a bundle has no file for a thread of pino. */
export const prettyLines: DestinationStream = {
  write: (line) => void process.stdout.write(format(line)),
};
