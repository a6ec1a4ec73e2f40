// Runs PostgreSQL for the tests, and stops it when the parent process ends, however that happens:
// the pipe on standard input closes, after SIGKILL too. Then it deletes the data folder, unless the
// data is to be kept.
import { spawn } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const { folder, command, args, env, isKept, uid, gid } = JSON.parse(process.argv[2]);

const log = openSync(join(folder, 'postgres.log'), 'a');
const account = uid === undefined ? {} : { uid, gid };
const start = () => {
  const started = spawn(command, args, {
    cwd: folder,
    env,
    stdio: ['ignore', log, log],
    ...account,
  });
  for (const event of ['exit', 'error']) started.on(event, () => gone(started));
  return started;
};

let ending = false;
let halted = false;
const end = () => {
  if (ending) return;
  ending = true;
  // Data to be kept is flushed to disk first, however long that takes (PostgreSQL's fast shutdown).
  if (isKept) return void server.kill('SIGINT');
  // SIGQUIT is PostgreSQL's immediate shutdown: the data needs no checkpoint.
  server.kill('SIGQUIT');
  setTimeout(() => server.kill('SIGKILL'), 5000).unref();
};
/** The end of a server that was halted may be heard of when another has taken its place. */
const gone = (which) => {
  if (which !== server || (halted && !ending)) return;
  if (ending && !isKept) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(ending ? 0 : 1);
};

let server = start();
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.on(signal, end);
process.stdin.on('end', () => {
  // A halted server has already exited.
  if (halted) {
    ending = true;
    gone(server);
  }
  end();
});
process.stdin.on('close', end).on('error', end);
// `halt` disconnects all clients and stops the server (PostgreSQL's fast shutdown), `crash` kills
// it; `resume` starts it again with the same arguments.
process.stdin.setEncoding('utf8').on('data', (order) => {
  if ((order === 'halt\n' || order === 'crash\n') && !halted) {
    halted = true;
    server.kill(order === 'halt\n' ? 'SIGINT' : 'SIGKILL');
  } else if (order === 'resume\n' && halted) {
    halted = false;
    server = start();
  }
});
