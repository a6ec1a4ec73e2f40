// The least that a server can do that answers for a token: node:http, a JWT verified with jose, one
// prepared statement by primary key. No GraphQL, no look at the session, no log, no limits. Started
// by bench/main.ts with a database's URL, the secret in base64, and a port.
import { createServer } from 'node:http';
import { jwtVerify } from 'jose';
import postgres from 'postgres';

const [databaseUrl, secretText, port] = process.argv.slice(2);
const sql = postgres(databaseUrl, { max: 10 });
const secret = Buffer.from(secretText, 'base64');

const server = createServer(async (request, response) => {
  try {
    const token = (request.headers.authorization ?? '').slice('Bearer '.length);
    const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'] });
    const [user] = await sql`select id, email, name from users where id = ${payload.sub}`;
    const body = JSON.stringify({ data: { me: user } });
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
