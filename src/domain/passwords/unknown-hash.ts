const weak = 'is too weak to be taken over';

/** Kinds of hashes that are not taken, by how they look, and what there is to say of each. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:0x)?(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i,
    'a bare digest is no password hash: let these users reset their passwords',
  ],
  [
    /^\$argon2id\$v=16|^(?:argon2)?\$argon2[id]\$/,
    'of Argon2, only Argon2id of version 19 is taken',
  ],
  [/^\$argon2id\$m=/, 'this Argon2id names no version: only version 19 is taken'],
  [/^\$2x?\$/, 'this variant of bcrypt is not taken'],
  [/^\$bcrypt-sha256\$/, 'passlib’s bcrypt_sha256 is not taken'],
  [/^\$1\$|^\$apr1\$|^\{md5-crypt\}/i, `MD5 crypt ${weak}`],
  [/^\$5\$|^\{sha256-crypt\}/i, `SHA-256 crypt ${weak}`],
  [/^\$6\$|^\{sha512-crypt\}/i, `SHA-512 crypt ${weak}`],
  [/^\$y\$|^\$gy\$/, 'yescrypt is not taken'],
  [/^\$7\$/, 'scrypt in the form of crypt ($7$) is not taken'],
  [/^\$sha1\$|^\$3\$|^\$md5/, `this kind of crypt ${weak}`],
  [/^\$[PH]\$/, `phpass (WordPress before 6.8, phpBB) ${weak}`],
  [/^[SU]?\$S\$|^U\$/, 'Drupal’s SHA-512 hash is not taken'],
  [/^md5\$|^unsalted_md5|^md5[0-9a-f]{32}$/, `MD5 ${weak}`],
  [/^sha1\$|^unsalted_sha1/, `salted SHA-1 ${weak}`],
  [/^sha(?:224|256|384|512)\$/, `a salted SHA-2 digest ${weak}`],
  [/^crypt\$|^[./A-Za-z0-9]{13}$|^_[./A-Za-z0-9]{19}$/, `DES crypt, of eight characters, ${weak}`],
  [/^\{(?:noop|plain|clear|cleartext|plaintext)\}/i, 'plain text is no hash'],
  [
    /^\{(?:ssha|sha|smd5|md5|md4|ssha256|ssha384|ssha512|sha256|sha512|sha-1|sha-256)\}/i,
    `the digest of an LDAP directory or of Spring ${weak}`,
  ],
  [/^\{ldap\}/i, 'this password is kept by a directory, not in the file'],
  [/^\{pbkdf2/i, 'this form of PBKDF2 is not taken: of Spring, that of its defaults is'],
  [/^\{keycloak\}/, 'this algorithm of Keycloak is not taken: pbkdf2 and argon2 (id) are'],
  [/^\{meteor\}/, 'Meteor’s Argon2, which is made of a digest of the password, is not taken'],
  [/^\{[^}]*\}/, 'the kind named in braces is not taken'],
  [/^SCRAM-SHA-/i, 'a SCRAM verifier is not taken'],
  [/^\*[0-9A-F]{40}$/, `MySQL’s own password hash ${weak}`],
  [/^0x0[12]00[0-9a-f]+$/i, `SQL Server’s own password hash ${weak}`],
  [/^\$shiro1\$/, 'Shiro’s hash is not taken'],
  [/^[0-9a-f]{32}:[A-Za-z0-9]{1,32}$/, `a salted MD5 digest (Joomla, osCommerce) ${weak}`],
  [/^[0-9a-f]{64}:[^:]{1,64}:[^:]{1,40}$/, 'Magento’s hash is not taken'],
  [/^pbkdf2|^\$pbkdf2/i, 'this form of PBKDF2 is not taken'],
  [/^\$?scrypt/i, 'this form of scrypt is not taken'],
];

/**
 * Names a known but unsupported kind of hash, so that the operator knows what to do about it. Never
 * contains any of the text.
 */
export function unknownHash(text: string): string {
  const known = kinds.find(([pattern]) => pattern.test(text));
  return known?.[1] ?? 'the hash is of no form that is known';
}
