import { createVerifier } from '@latchkey/verify';

/** AUTH_URL is the server's PUBLIC_URL, exactly as it is set there. */
export const verifier = createVerifier({
  issuer: process.env['AUTH_URL'] ?? 'http://localhost:4000',
});
