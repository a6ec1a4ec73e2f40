import { createCipheriv, createHash, createHmac, pbkdf2, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { verify as verifyArgon2 } from '@node-rs/argon2';
import { verify as verifyBcrypt } from '@node-rs/bcrypt';
import { sameBytes } from '../../secret-keys.ts';
import type { ForeignHash, ScryptCost } from './foreign-hash.ts';

const derivePbkdf2 = promisify(pbkdf2);

/**
 * Whether the password matches another system's hash. Runs in libuv's pool or in threads of its
 * own, never on the event loop; call it within the semaphore. A password that is not in NFC is
 * tried as typed and in NFC, since that system may have done either.
 */
export async function verifyForeignHash(hash: ForeignHash, password: string): Promise<boolean> {
  for (const candidate of new Set([password, password.normalize('NFC')])) {
    if (await matches(hash, candidate)) return true;
  }
  return false;
}

async function matches(hash: ForeignHash, password: string): Promise<boolean> {
  switch (hash.scheme) {
    case 'bcrypt':
      // Cut at 72 bytes, as that system did (PW-3).
      return verifyBcrypt(bcryptInputOf(hash.input, password), hash.bcrypt);
    case 'argon2id':
      return verifyArgon2(hash.phc, password);
    case 'scrypt': {
      const input = hash.input === 'plain' ? password : password.normalize('NFKC');
      return sameBytes(await deriveScrypt(input, hash, hash.hash.length), hash.hash);
    }
    case 'firebase-scrypt': {
      const key = await deriveScrypt(password, hash, 32);
      const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
      return sameBytes(Buffer.concat([cipher.update(hash.signerKey), cipher.final()]), hash.hash);
    }
    case 'pbkdf2':
      return sameBytes(
        await derivePbkdf2(password, hash.salt, hash.iterations, hash.hash.length, hash.digest),
        hash.hash,
      );
  }
}

/** In bytes: bcrypt reads no more, and not even an end where there are as many. */
const bcryptReads = 72;

/**
 * Whether a password that matches is known to be the one that was set, and no other that only looks
 * the same to that hash. One that is not must not replace the hash: its owner might type the true
 * one next time.
 */
export function provesPassword(hash: ForeignHash, password: string): boolean {
  // A full-width letter or a ligature, which NFC keeps apart from the plain ones.
  if (hash.scheme === 'scrypt' && hash.input === 'nfkc')
    return password.normalize('NFKC') === password.normalize('NFC');
  if (hash.scheme !== 'bcrypt') return true;
  if (hash.input === 'wordpress') return phpTrim(password) === password;
  if (hash.input === 'sha256-hex') return true;
  return [password, password.normalize('NFC')].every(
    (candidate) => Buffer.byteLength(candidate) < bcryptReads,
  );
}

function bcryptInputOf(input: 'plain' | 'sha256-hex' | 'wordpress', password: string): string {
  switch (input) {
    case 'plain':
      return password;
    case 'sha256-hex':
      return createHash('sha256').update(password).digest('hex');
    case 'wordpress':
      return createHmac('sha384', 'wp-sha384').update(phpTrim(password)).digest('base64');
  }
}

/** PHP's trim, which knows fewer characters than ours. */
function phpTrim(text: string): string {
  return text.replace(/^[ \t\n\r\v]+|[ \t\n\r\v]+$/g, '');
}

function deriveScrypt(
  password: string,
  from: { salt: Buffer; cost: ScryptCost },
  length: number,
): Promise<Buffer> {
  const { n, r, p } = from.cost;
  // OpenSSL needs slightly more than the 128·N·r of RFC 7914.
  const maxmem = 128 * n * r + 128 * r * p + 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(password, from.salt, length, { N: n, r, p, maxmem }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
