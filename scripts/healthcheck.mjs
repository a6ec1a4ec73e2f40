// For containers: status 0 where the server of this container is ready, else 1.
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

const { PORT, TLS_CERT_FILE } = process.env;
const ask = TLS_CERT_FILE ? tlsRequest : plainRequest;
// This machine asks itself: the certificate is for another name.
const options = {
  host: '127.0.0.1',
  port: PORT || 4000,
  path: '/readyz',
  timeout: 2500,
  rejectUnauthorized: false,
};
const asked = ask(options, (response) => process.exit(response.statusCode === 200 ? 0 : 1));
asked.on('error', () => process.exit(1));
asked.on('timeout', () => process.exit(1));
asked.end();
