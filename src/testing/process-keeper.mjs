// Runs PostgreSQL for the tests and ends it when whoever started this goes away, however that
// happens: the pipe on standard input closes with its other end, also after SIGKILL. Then the
// folder with all data is removed, unless it is to be kept.
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
  started.on('exit', gone);
  started.on('error', gone);
  return started;
};

let ending = false;
let halted = false;
const end = () => {
  if (ending) return;
  ending = true;
  // What is kept is written down first, however long that takes (PostgreSQL's fast shutdown).
  if (isKept) return void server.kill('SIGINT');
  // SIGQUIT is PostgreSQL's immediate shutdown: nothing here is worth a checkpoint.
  server.kill('SIGQUIT');
  setTimeout(() => server.kill('SIGKILL'), 5000).unref();
};
const gone = () => {
  if (halted && !ending) return;
  if (ending && !isKept) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(ending ? 0 : 1);
};

let server = start();
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.on(signal, end);
process.stdin.on('end', () => {
  // A server that is halted has no exit to wait for.
  if (halted) {
    ending = true;
    gone();
  }
  end();
});
process.stdin.on('close', end).on('error', end);
// `halt` turns everyone out and stops the server (PostgreSQL's fast shutdown), `resume` starts it
// on them again.
process.stdin.setEncoding('utf8').on('data', (order) => {
  if (order === 'halt\n' && !halted) {
    halted = true;
    server.kill('SIGINT');
  } else if (order === 'resume\n' && halted) {
    halted = false;
    server = start();
  }
});
