// The minimum of a server that checks a token or a password: node:http, jose, bcrypt by the same
// library at the same cost, one prepared statement. No GraphQL, no look at the session, no log, no
// limits, no token, no mail. Started by compare/stage.ts with a database's URL, the secret in
// base64, a port and bcrypt's cost.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { hash, verify } from '@node-rs/bcrypt';
import { jwtVerify } from 'jose';
import postgres from 'postgres';

const [databaseUrl, secretText, port, cost] = process.argv.slice(2);
const sql = postgres(databaseUrl, { max: 10 });
const secret = Buffer.from(secretText, 'base64');

async function me(request) {
  const token = (request.headers.authorization ?? '').slice('Bearer '.length);
  const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'] });
  const [user] = await sql`select id, email, name from users where id = ${payload.sub}`;
  return { me: user };
}

async function login(request) {
  const { email, password } = await json(request);
  const [account] = await sql`select user_id, hash from floor.passwords where email = ${email}`;
  if (!(await verify(password, account.hash))) throw new Error('The password is wrong.');
  return { login: { id: account.user_id } };
}

async function register(request) {
  const { email, password } = await json(request);
  const [taken] = await sql`select id from users where email_canonical = ${email}`;
  if (taken) throw new Error('There is such an account.');
  return { register: { hash: await hash(password, Number(cost)) } };
}

const routes = { '/me': me, '/login': login, '/register': register };

const server = createServer(async (request, response) => {
  try {
    const body = JSON.stringify({ data: await routes[request.url](request) });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  } catch {
    response.writeHead(401, { 'content-length': 0 });
    response.end();
  }
});
await sql`select 1`;
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
