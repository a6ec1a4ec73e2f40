/**
 * A password hash made by another system. It is verified until the first sign-in, which replaces it
 * with one of ours.
 */
export type ForeignHash =
  | {
      readonly scheme: 'bcrypt';
      readonly bcrypt: string;
      /**
       * The input that the other system gave bcrypt: the password, or its SHA-256 in hex (Django's
       * BCryptSHA256PasswordHasher).
       */
      readonly input: 'plain' | 'sha256-hex';
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
  try {
    for (const { pattern, read } of forms) {
      const match = pattern.exec(text);
      if (match) return { kind: 'hash', hash: read(match.slice(1).map((group) => group ?? '')) };
    }
    return { kind: 'refused', reason: unknownReason(text) };
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

const bcryptPattern = String.raw`\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}`;
const base64Text = '[A-Za-z0-9+/_.-]+={0,2}';

const forms: readonly Form[] = [
  // passlib, Laravel, Rails, Go, GoTrue, Authorizer; Django adds a prefix.
  {
    pattern: new RegExp(`^(bcrypt(?:_sha256)?\\$)?(${bcryptPattern})$`),
    read: ([prefix = '', bcrypt = '', cost = '']) => {
      const exponent = Number(cost);
      if (exponent < 4) refuse('the cost of bcrypt is below 4');
      if (exponent > ceilings.bcryptCost)
        refuse(`the cost of bcrypt is over ${ceilings.bcryptCost}`);
      return {
        scheme: 'bcrypt',
        bcrypt,
        input: prefix.startsWith('bcrypt_sha256') ? 'sha256-hex' : 'plain',
      };
    },
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
  // passlib; without a name it is SHA-1.
  {
    pattern: new RegExp(
      `^\\$pbkdf2(?:-(sha256|sha512))?\\$(\\d{1,8})\\$(${base64Text})\\$(${base64Text})$`,
    ),
    read: ([digest = '', iterations = '', salt = '', hash = '']) =>
      pbkdf2({
        digest: digest || 'sha1',
        iterations,
        salt: readSalt(salt),
        hash: readDigest(hash),
      }),
  },
  // Werkzeug.
  {
    pattern: /^pbkdf2:(sha1|sha256|sha512):(\d{1,8})\$([A-Za-z0-9]+)\$([0-9a-f]+)$/,
    read: ([digest = '', iterations = '', salt = '', hash = '']) =>
      pbkdf2({ digest, iterations, salt: textSalt(salt), hash: readDigest(hash, 'hex') }),
  },
];

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
  const bytes = encoding === 'hex' ? Buffer.from(text, 'hex') : bytesOf(text);
  if (bytes.length < hashLengths.least)
    refuse(`the hash is shorter than ${hashLengths.least} bytes`);
  if (bytes.length > hashLengths.most) refuse('the hash is too long');
  return bytes;
}

/** Names a known but unsupported scheme, so that the operator knows what to do about it. */
function unknownReason(text: string): string {
  if (/^[0-9a-f]{32}$|^[0-9a-f]{40}$|^[0-9a-f]{64}$|^[0-9a-f]{128}$/i.test(text)) {
    return 'a bare digest is no password hash: let these users reset their passwords';
  }
  if (/^\$argon2[id]\$|^\$argon2id\$v=16/.test(text))
    return 'of Argon2, only Argon2id of version 19 is taken';
  if (/^\$2x?\$/.test(text)) return 'this variant of bcrypt is not taken';
  if (/^\$[156]\$|^md5|^sha1\$|^\$apr1\$/.test(text))
    return 'this scheme is too weak to be taken over';
  return 'the hash is of no form that is known';
}
