import { spawnSync } from 'node:child_process';

/** Password hashes as real tools of other systems make them, at the lowest costs. */
export const toolPassword = 'correct horse battery staple 7';
export const pepper = 'a pepper of the application';

type Made = Readonly<Record<string, string>>;

const python = `
import base64, hashlib, json, struct, sys
password = sys.argv[1]
made = {}
try:
    from passlib.hash import pbkdf2_sha256, pbkdf2_sha512, scrypt
    made["passlib"] = pbkdf2_sha512.using(rounds=1000).hash(password)
    made["passlib scrypt"] = scrypt.using(rounds=10).hash(password)
except ImportError:
    pass
try:
    from django.conf import settings
    settings.configure()
    from django.contrib.auth import hashers
    made["Django"] = hashers.PBKDF2PasswordHasher().encode(password, "a1b2c3d4e5f6", 1000)
    made["Django, unusable"] = hashers.make_password(None)
except ImportError:
    pass
salt = bytes(range(16))
def derive(name, rounds, length=32, salt=salt):
    return hashlib.pbkdf2_hmac(name, password.encode(), salt, rounds, length)
def text(data):
    return base64.b64encode(data).decode()
head = struct.pack(">BIII", 1, 2, 1000, 16)
made["ASP.NET"] = text(head + salt + derive("sha512", 1000))
made["ASP.NET 2"] = text(b"\\0" + salt + derive("sha1", 1000))
made["Keycloak"] = text(derive("sha256", 1000, 64))
made["Keycloak salt"] = text(salt)
made["Spring"] = "{pbkdf2}" + (salt[:8] + derive("sha1", 185000, 32, salt[:8])).hex()
n = hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1, dklen=32)
made["Spring scrypt"] = "{scrypt}$a0801$" + text(salt) + "$" + text(n)
print(json.dumps(made))
`;

const php = `
$password = $argv[1];
$wordpress = base64_encode(hash_hmac('sha384', trim($password), 'wp-sha384', true));
echo json_encode([
  'Laravel' => password_hash($password, PASSWORD_BCRYPT, ['cost' => 4]),
  'WordPress' => '$wp' . password_hash($wordpress, PASSWORD_BCRYPT, ['cost' => 4]),
  'longer than 72' =>
    password_hash(str_repeat('eighty characters ', 5), PASSWORD_BCRYPT, ['cost' => 4]),
]);
`;

const ruby = `
require 'bcrypt'
require 'digest'
require 'json'
hash = ->(text) { BCrypt::Password.create(text, cost: 4).to_s }
puts({
  'Devise' => hash.(ARGV[0]),
  'Devise with a pepper' => hash.(ARGV[0] + ARGV[1]),
  'Meteor' => hash.(Digest::SHA256.hexdigest(ARGV[0])),
}.to_json)
`;

const tools: readonly (readonly [string, readonly string[]])[] = [
  ['/usr/bin/python3', ['-W', 'ignore', '-c', python, toolPassword]],
  ['/usr/bin/php', ['-r', php, '--', toolPassword]],
  ['/usr/bin/ruby', ['-e', ruby, toolPassword, pepper]],
];

/** By the name of the system; those are missing whose tool is not installed. */
export function hashesOfTools(): Made {
  const made = tools.map(([program, args]): Made => {
    const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
    const read: unknown = status === 0 ? JSON.parse(stdout) : {};
    return Object.fromEntries(
      Object.entries(read ?? {}).map(([name, hash]): [string, string] => [name, String(hash)]),
    );
  });
  return Object.assign({}, ...made);
}
