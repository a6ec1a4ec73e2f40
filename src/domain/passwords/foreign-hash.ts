import { unknownHash } from './unknown-hash.ts';

/**
 * A password hash made by another system. It is verified until the first sign-in, which replaces it
 * with one of ours.
 */
export type ForeignHash =
  | {
      readonly scheme: 'bcrypt';
      readonly bcrypt: string;
      /**
       * The input that the other system gave bcrypt: the password, its SHA-256 in hex (Django's
       * BCryptSHA256PasswordHasher, Meteor), or an HMAC in base64 of what PHP's trim leaves of it
       * (WordPress).
       */
      readonly input: 'plain' | 'sha256-hex' | 'wordpress';
    }
  /** The unchanged PHC string. */
  | { readonly scheme: 'argon2id'; readonly phc: string }
  | {
      readonly scheme: 'scrypt';
      readonly cost: ScryptCost;
      readonly salt: Buffer;
      readonly hash: Buffer;
      /** Only Better Auth normalises before it hashes. */
      readonly input: 'plain' | 'nfkc';
    }
  /**
   * scrypt whose output encrypts a key of the project (AES-256-CTR); that ciphertext is the hash.
   */
  | {
      readonly scheme: 'firebase-scrypt';
      readonly cost: ScryptCost;
      readonly salt: Buffer;
      readonly signerKey: Buffer;
      readonly hash: Buffer;
    }
  | {
      readonly scheme: 'pbkdf2';
      readonly digest: 'sha1' | 'sha256' | 'sha512';
      readonly iterations: number;
      readonly salt: Buffer;
      readonly hash: Buffer;
    };

/** RFC 7914: N, r, p. */
export type ScryptCost = { readonly n: number; readonly r: number; readonly p: number };

export type ReadHash =
  | { readonly kind: 'hash'; readonly hash: ForeignHash }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * SECURITY: the maximum cost of one verification. The author of an import file chooses these
 * numbers, and each sign-in with that address pays them before the user is known (AV-1).
 */
export const ceilings = {
  bcryptCost: 14,
  /** Bytes, of scrypt and of Argon2. */
  memory: 256 * 1024 * 1024,
  argon2Passes: 10,
  argon2Lanes: 16,
  /** Argon2: bytes times passes. */
  argon2Work: 1024 * 1024 * 1024,
  /** scrypt: N times r times p. Django's largest is 655,360, Werkzeug's 262,144. */
  scryptWork: 4 * 1024 * 1024,
  pbkdf2Iterations: 2_000_000,
} as const;

/** With fewer iterations a hash gives no protection. */
const leastPbkdf2Iterations = 1000;
const leastScryptN = 1024;
const saltLengths = { least: 8, most: 256 };
const hashLengths = { least: 16, most: 128 };
/** In characters; the longest known form, Firebase's with its key, has 300. */
const maxLength = 1024;

class Refusal extends Error {}

const refuse = (reason: string): never => {
  throw new Refusal(reason);
};

/**
 * Parses the text forms of bcrypt, Argon2id, scrypt and PBKDF2 found in databases. A reason never
 * contains any of the text.
 */
export function readForeignHash(text: string): ReadHash {
  if (text.length > maxLength)
    return { kind: 'refused', reason: 'the hash is longer than any that is known' };
  const bare = text.replace(kindPrefix, '');
  try {
    for (const { pattern, read } of forms) {
      const match = pattern.exec(bare);
      if (match) return { kind: 'hash', hash: read(match.slice(1).map((group) => group ?? '')) };
    }
    return { kind: 'refused', reason: unknownHash(bare) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

/**
 * Firebase exports a user's hash and salt and the project's four parameters separately. This
 * combines them in GoTrue's form.
 */
export function firebaseHashText(input: {
  readonly hash: string;
  readonly salt: string;
  readonly project: FirebaseProject;
}): string {
  const { signerKey, saltSeparator, rounds, memoryCost } = input.project;
  const parameters = `n=${memoryCost},r=${rounds},p=1,ss=${saltSeparator},sk=${signerKey}`;
  return `$fbscrypt$v=1,${parameters}$${input.salt}$${input.hash}`;
}

/** The password hash parameters of a Firebase project, as its console shows them. */
export type FirebaseProject = {
  readonly signerKey: string;
  readonly saltSeparator: string;
  readonly rounds: number;
  readonly memoryCost: number;
};

type Form = { readonly pattern: RegExp; readonly read: (groups: readonly string[]) => ForeignHash };

/** The name that Spring, Dovecot and OpenLDAP put before a hash that names its own kind. */
const kindPrefix = /^\{(?:bcrypt|blf-crypt|crypt|argon2(?:id)?|scrypt)(?:@\w{1,40})?\}(?=\$)/i;

const bcryptPattern = String.raw`\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}`;
const base64Text = '[A-Za-z0-9+/_.-]+={0,2}';

const forms: readonly Form[] = [
  // passlib, Laravel, Rails, Go, GoTrue, Authorizer; Django adds a prefix.
  {
    pattern: new RegExp(`^(bcrypt(?:_sha256)?\\$)?(${bcryptPattern})$`),
    read: ([prefix = '', bcrypt = '', cost = '']) =>
      bcryptOf(bcrypt, cost, prefix.startsWith('bcrypt_sha256') ? 'sha256-hex' : 'plain'),
  },
  // WordPress from 6.8 on.
  {
    pattern: new RegExp(`^\\$wp(${bcryptPattern})$`),
    read: ([bcrypt = '', cost = '']) => bcryptOf(bcrypt, cost, 'wordpress'),
  },
  {
    pattern: new RegExp(
      `^(?:argon2)?(\\$argon2id\\$v=19\\$m=(\\d{1,8}),t=(\\d{1,4}),p=(\\d{1,3})` +
        `\\$(${base64Text})\\$(${base64Text}))$`,
    ),
    read: ([phc = '', memory = '', passes = '', lanes = '', salt = '', hash = '']) => {
      const bytes = Number(memory) * 1024;
      const [t, p] = [Number(passes), Number(lanes)];
      if (t < 1 || p < 1 || Number(memory) < 8 * p)
        refuse('the parameters of Argon2 are not valid');
      if (bytes > ceilings.memory) refuse('Argon2 asks for more than 256 MiB');
      if (
        t > ceilings.argon2Passes ||
        p > ceilings.argon2Lanes ||
        bytes * t > ceilings.argon2Work
      ) {
        refuse('Argon2 asks for more work than is allowed');
      }
      readSalt(salt);
      readDigest(hash);
      return { scheme: 'argon2id', phc };
    },
  },
  // passlib.
  {
    pattern: new RegExp(
      `^\\$scrypt\\$ln=(\\d{1,2}),r=(\\d{1,3}),p=(\\d{1,3})\\$(${base64Text})\\$(${base64Text})$`,
    ),
    read: ([ln = '', r = '', p = '', salt = '', hash = '']) => ({
      scheme: 'scrypt',
      cost: scryptCost(2 ** Number(ln), r, p),
      salt: readSalt(salt),
      hash: readDigest(hash),
      input: 'plain',
    }),
  },
  // Django: the salt is the text itself.
  {
    pattern: new RegExp(
      `^scrypt\\$(\\d{1,8})\\$([\\x21-\\x23\\x25-\\x7e]+)` +
        `\\$(\\d{1,3})\\$(\\d{1,3})\\$(${base64Text})$`,
    ),
    read: ([n = '', salt = '', r = '', p = '', hash = '']) => ({
      scheme: 'scrypt',
      cost: scryptCost(Number(n), r, p),
      salt: textSalt(salt),
      hash: readDigest(hash),
      input: 'plain',
    }),
  },
  // Werkzeug (Flask): the salt is text, the hash hex.
  {
    pattern: /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3})\$([A-Za-z0-9]+)\$([0-9a-f]+)$/,
    read: ([n = '', r = '', p = '', salt = '', hash = '']) => ({
      scheme: 'scrypt',
      cost: scryptCost(Number(n), r, p),
      salt: textSalt(salt),
      hash: readDigest(hash, 'hex'),
      input: 'plain',
    }),
  },
  // Spring and lambdaworks: the three parameters as one number in hex.
  {
    pattern: new RegExp(
      `^\\$(?:s0\\$)?([0-9a-f]{1,2})([0-9a-f]{2})([0-9a-f]{2})` +
        `\\$(${base64Text})\\$(${base64Text})$`,
    ),
    read: ([ln = '', r = '', p = '', salt = '', hash = '']) => ({
      scheme: 'scrypt',
      cost: scryptCost(2 ** hexNumber(ln), String(hexNumber(r)), String(hexNumber(p))),
      salt: readSalt(salt),
      hash: readDigest(hash),
      input: 'plain',
    }),
  },
  // Better Auth: the hex text of the salt is itself the salt.
  {
    pattern: /^([0-9a-f]{32}):([0-9a-f]{128})$/,
    read: ([salt = '', hash = '']) => ({
      scheme: 'scrypt',
      cost: { n: 16_384, r: 16, p: 1 },
      salt: textSalt(salt),
      hash: readDigest(hash, 'hex'),
      input: 'nfkc',
    }),
  },
  {
    pattern: new RegExp(
      `^\\$fbscrypt\\$v=1,n=(\\d{1,2}),r=(\\d{1,2}),p=1,ss=(${base64Text})?,` +
        `sk=(${base64Text})\\$(${base64Text})\\$(${base64Text})$`,
    ),
    read: ([n = '', r = '', separator = '', signerKey = '', salt = '', hash = '']) => ({
      scheme: 'firebase-scrypt',
      cost: scryptCost(2 ** Number(n), r, '1'),
      salt: Buffer.concat([readSalt(salt), bytesOf(separator)]),
      signerKey: readDigest(signerKey),
      hash: readDigest(hash),
    }),
  },
  // Django.
  {
    pattern: new RegExp(
      `^pbkdf2_(sha1|sha256)\\$(\\d{1,8})\\$([\\x21-\\x23\\x25-\\x7e]+)\\$(${base64Text})$`,
    ),
    read: ([digest = '', iterations = '', salt = '', hash = '']) =>
      pbkdf2({ digest, iterations, salt: textSalt(salt), hash: readDigest(hash) }),
  },
  // passlib, and the PHC form with its names; without a digest it is SHA-1.
  {
    pattern: new RegExp(
      `^\\$pbkdf2(?:-(sha256|sha512))?\\$(?:i=)?(\\d{1,8})(?:,l=\\d{1,3})?` +
        `\\$(${base64Text})\\$(${base64Text})$`,
    ),
    read: ([digest = '', iterations = '', salt = '', hash = '']) =>
      pbkdf2({
        digest: digest || 'sha1',
        iterations,
        salt: readSalt(salt),
        hash: readDigest(hash),
      }),
  },
  // Spring: salt and hash in one, and the parameters of its version.
  {
    pattern: /^\{pbkdf2\}([0-9a-f]{16})([0-9a-f]{64})$/i,
    read: ([salt = '', hash = '']) => springPbkdf2('sha1', '185000', { salt, hash }),
  },
  {
    pattern: /^\{pbkdf2@SpringSecurity_v5_8\}([0-9a-f]{32})([0-9a-f]{64})$/i,
    read: ([salt = '', hash = '']) => springPbkdf2('sha256', '310000', { salt, hash }),
  },
  // ASP.NET Identity: version, digest, iterations, length of the salt, salt, hash; or version 2.
  {
    pattern: /^(A[A-Za-z0-9+/]{63,250}={0,2})$/,
    read: ([text = '']) => aspNet(Buffer.from(text, 'base64')),
  },
  // Werkzeug.
  {
    pattern: /^pbkdf2:(sha1|sha256|sha512):(\d{1,8})\$([A-Za-z0-9]+)\$([0-9a-f]+)$/,
    read: ([digest = '', iterations = '', salt = '', hash = '']) =>
      pbkdf2({ digest, iterations, salt: textSalt(salt), hash: readDigest(hash, 'hex') }),
  },
];

function bcryptOf(
  bcrypt: string,
  cost: string,
  input: 'plain' | 'sha256-hex' | 'wordpress',
): ForeignHash {
  const exponent = Number(cost);
  if (exponent < 4) refuse('the cost of bcrypt is below 4');
  if (exponent > ceilings.bcryptCost) refuse(`the cost of bcrypt is over ${ceilings.bcryptCost}`);
  return { scheme: 'bcrypt', bcrypt, input };
}

function hexNumber(text: string): number {
  return Number.parseInt(text, 16);
}

function scryptCost(n: number, rText: string, pText: string): ScryptCost {
  const [r, p] = [Number(rText), Number(pText)];
  const isPowerOfTwo = Number.isInteger(Math.log2(n));
  if (!isPowerOfTwo || n < leastScryptN || r < 1 || p < 1)
    refuse('the parameters of scrypt are not valid');
  if (128 * n * r > ceilings.memory) refuse('scrypt asks for more than 256 MiB');
  if (n * r * p > ceilings.scryptWork) refuse('scrypt asks for more work than is allowed');
  return { n, r, p };
}

function pbkdf2(input: {
  digest: string;
  iterations: string;
  salt: Buffer;
  hash: Buffer;
}): ForeignHash {
  const { salt, hash } = input;
  const iterations = Number(input.iterations);
  if (iterations < leastPbkdf2Iterations)
    refuse(`PBKDF2 has fewer than ${leastPbkdf2Iterations} iterations`);
  if (iterations > ceilings.pbkdf2Iterations) {
    refuse(`PBKDF2 has more than ${ceilings.pbkdf2Iterations} iterations`);
  }
  const digest = input.digest === 'sha1' || input.digest === 'sha512' ? input.digest : 'sha256';
  return { scheme: 'pbkdf2', digest, iterations, salt, hash };
}

function springPbkdf2(
  digest: string,
  iterations: string,
  { salt, hash }: { salt: string; hash: string },
): ForeignHash {
  return pbkdf2({
    digest,
    iterations,
    salt: checkedSalt(Buffer.from(salt, 'hex')),
    hash: readDigest(hash, 'hex'),
  });
}

const aspNetHeader = 13;
const aspNetDigests = ['sha1', 'sha256', 'sha512'];

function aspNet(bytes: Buffer): ForeignHash {
  const [version] = bytes;
  if (version === 0 && bytes.length === 49) {
    const [salt, hash] = [bytes.subarray(1, 17), bytes.subarray(17)];
    return pbkdf2({ digest: 'sha1', iterations: '1000', salt, hash });
  }
  const digest = aspNetDigests[version === 1 ? bytes.readUInt32BE(1) : -1];
  const saltEnd = aspNetHeader + bytes.readUInt32BE(9);
  if (digest === undefined || saltEnd > bytes.length) return refuse(unknownHash(''));
  const salt = checkedSalt(bytes.subarray(aspNetHeader, saltEnd));
  const hash = checkedDigest(bytes.subarray(saltEnd));
  return pbkdf2({ digest, iterations: String(bytes.readUInt32BE(5)), salt, hash });
}

/** Decodes base64, base64url, and passlib's variant with a dot for the plus. */
function bytesOf(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64');
}

function readSalt(text: string): Buffer {
  return checkedSalt(bytesOf(text));
}

function textSalt(text: string): Buffer {
  return checkedSalt(Buffer.from(text));
}

function checkedSalt(salt: Buffer): Buffer {
  if (salt.length < saltLengths.least)
    refuse(`the salt is shorter than ${saltLengths.least} bytes`);
  if (salt.length > saltLengths.most) refuse('the salt is too long');
  return salt;
}

function readDigest(text: string, encoding: 'base64' | 'hex' = 'base64'): Buffer {
  return checkedDigest(encoding === 'hex' ? Buffer.from(text, 'hex') : bytesOf(text));
}

function checkedDigest(bytes: Buffer): Buffer {
  if (bytes.length < hashLengths.least)
    refuse(`the hash is shorter than ${hashLengths.least} bytes`);
  if (bytes.length > hashLengths.most) refuse('the hash is too long');
  return bytes;
}
