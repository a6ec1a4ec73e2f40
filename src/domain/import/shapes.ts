type Members = Readonly<Record<string, unknown>>;

/**
 * A record as other systems export it, with what we read of it at its top: Keycloak, Cognito,
 * Kratos, Clerk, Meteor, Firebase's SDK, and the notations of MongoDB and DynamoDB. Any other
 * record stays as it is.
 */
export function usualShape(record: object): Members {
  const members = membersOf(simple(record)) ?? {};
  const inner = membersOf(members['Item']);
  if (inner && Object.keys(members).length === 1) return usualShape(inner);
  return shapes.reduce((read, shape) => shape(read) ?? read, members);
}

/** A null is not for this shape. */
const shapes: readonly ((record: Members) => Members | null)[] = [
  fromKeycloak,
  fromCognito,
  fromKratos,
  fromClerk,
  fromListedAddresses,
  fromMeteor,
  fromFirebaseSdk,
];

function membersOf(value: unknown): Members | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? Object.fromEntries(Object.entries(value)) : null;
}

function listOf(value: unknown): Members[] {
  return Array.isArray(value) ? value.map(membersOf).filter((each) => each !== null) : [];
}

/** What MongoDB, DynamoDB and Firestore wrap a value in. */
const wrappers = new Set(['$oid', '$date', '$uuid', '$numberLong', '$numberInt', '$numberDouble']);
const typeNames = new Set(['S', 'N', 'BOOL', 'SS', 'L', 'M']);

function simple(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return depth > 8 ? value : value.map((each) => simple(each, depth + 1));
  const members = membersOf(value);
  if (members === null || depth > 8) return value;
  const entries = Object.entries(members);
  const [first] = entries;
  if (first && entries.length === 1) {
    const [key, inner] = first;
    if (wrappers.has(key) || (typeNames.has(key) && depth > 0)) return simple(inner, depth + 1);
    if (key === 'NULL' && depth > 0) return null;
  }
  const seconds = members['_seconds'] ?? null;
  if (typeof seconds === 'number' && entries.length === 2) return seconds * 1000;
  return Object.fromEntries(entries.map(([key, inner]) => [key, simple(inner, depth + 1)]));
}

/** The record without what was read of it, and with that under names of ours. */
function put(record: Members, read: readonly string[], said: Members): Members {
  const rest = Object.entries(record).filter(([key]) => !read.includes(key));
  const told = Object.entries(said).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...told, ...rest]);
}

/** SECURITY: what is left of a member that was read may still keep people out. */
function without(member: Members, read: ReadonlySet<string>): Members | undefined {
  const rest = Object.entries(member).filter(([key]) => !read.has(key));
  return rest.length > 0 ? Object.fromEntries(rest) : undefined;
}

/** A realm's export, of any version that has credentials in it. */
function fromKeycloak(record: Members): Members | null {
  if (!Array.isArray(record['credentials'])) return null;
  const credentials = listOf(record['credentials']);
  const password = credentials.find(({ type }) => type === 'password');
  const actions = Array.isArray(record['requiredActions']) ? record['requiredActions'] : [];
  const locale = membersOf(record['attributes'])?.['locale'];
  return put(record, ['credentials', 'requiredActions'], {
    password_hash: password && keycloakHash(password),
    second_factor: credentials.some(({ type }) => !passwordsOfKeycloak.has(type)),
    password_reset_required: actions.includes('UPDATE_PASSWORD'),
    locale: Array.isArray(locale) ? locale[0] : undefined,
  });
}

/** Beside the password those that it must not be again. */
const passwordsOfKeycloak = new Set<unknown>(['password', 'password-history']);

function keycloakHash(credential: Members): string | undefined {
  const secret = parsed(credential['secretData']) ?? {
    value: credential['hashedSaltedValue'],
    salt: credential['salt'],
  };
  const kind = parsed(credential['credentialData']) ?? credential;
  if (secret['value'] === undefined) return undefined;
  const [salt, hash] = [unpadded(secret['salt']), unpadded(secret['value'])];
  const { algorithm = 'pbkdf2', hashIterations } = kind;
  if (/^pbkdf2(?:-sha(?:256|512))?$/.test(String(algorithm)))
    return `$${algorithm}$${hashIterations}$${salt}$${hash}`;
  const extra = membersOf(kind['additionalParameters']) ?? {};
  const one = (name: string): unknown => [extra[name]].flat()[0];
  if (algorithm !== 'argon2' || one('version') !== '1.3') return '{keycloak}';
  const costs = `m=${one('memory')},t=${hashIterations},p=${one('parallelism')}`;
  return `$argon2${one('type')}$v=19$${costs}$${salt}$${hash}`;
}

function unpadded(base64: unknown): string {
  return String(base64).replace(/=+$/, '');
}

function parsed(text: unknown): Members | null {
  if (typeof text !== 'string') return membersOf(text);
  try {
    return membersOf(JSON.parse(text));
  } catch {
    return null; // SECURITY: the error quotes the text.
  }
}

/** `aws cognito-idp list-users`. */
function fromCognito(record: Members): Members | null {
  const attributes = listOf(record['Attributes'] ?? record['UserAttributes']);
  if (attributes.length === 0) return null;
  const named = attributes.map(({ Name, Value }): [string, unknown] => [String(Name), Value]);
  const { sub, ...said } = Object.fromEntries(named);
  return put(record, ['Attributes', 'UserAttributes', 'UserCreateDate'], {
    id: sub,
    created_at: record['UserCreateDate'],
    ...said,
  });
}

/** Ory Kratos, `identities?include_credential=password`. */
function fromKratos(record: Members): Members | null {
  const traits = membersOf(record['traits']);
  if (!traits) return null;
  const { email } = traits;
  const addresses = listOf(record['verifiable_addresses']);
  const credentials = membersOf(record['credentials']) ?? {};
  const name = membersOf(traits['name']);
  const others = Object.keys(credentials).filter((key) => secondFactorsOfKratos.has(key));
  const read = ['traits', 'verifiable_addresses', 'credentials', 'state', 'state_changed_at'];
  return put(record, read, {
    email,
    email_verified: addresses.some(({ value, verified }) => value === email && verified === true),
    password_hash: membersOf(membersOf(credentials['password'])?.['config'])?.['hashed_password'],
    second_factor: others.length > 0,
    status: record['state'],
    name: name ? undefined : traits['name'],
    first_name: name?.['first'],
    last_name: name?.['last'],
    traits: without(traits, new Set(['email', 'name'])),
  });
}

const secondFactorsOfKratos = new Set(['totp', 'lookup_secret', 'webauthn', 'passkey']);

/** Clerk's API. */
function fromClerk(record: Members): Members | null {
  const addresses = listOf(record['email_addresses']);
  if (addresses.length === 0) return null;
  const wanted = record['primary_email_address_id'];
  const primary = addresses.find(({ id }) => id === wanted) ?? addresses[0] ?? {};
  const verified = membersOf(primary['verification'])?.['status'] === 'verified';
  return put(record, ['email_addresses', 'primary_email_address_id'], {
    email: primary['email_address'],
    email_verified: verified,
  });
}

/**
 * Meteor and SCIM list the addresses. Meteor gives bcrypt the SHA-256 of the password in hex, as
 * one of Django's hashers does.
 */
function fromListedAddresses(record: Members): Members | null {
  const addresses = listOf(record['emails']);
  const first = addresses.find(({ primary }) => primary === true) ?? addresses[0];
  if (!first || record['email'] !== undefined) return null;
  const password = membersOf(membersOf(record['services'])?.['password']);
  const bcrypt = password?.['bcrypt'];
  const other = password?.['argon2'] === undefined ? undefined : '{meteor}';
  return put(record, ['emails'], {
    email: first['address'] ?? first['value'],
    email_verified: first['verified'],
    password_hash: typeof bcrypt === 'string' ? `bcrypt_sha256$${bcrypt}` : other,
  });
}

/**
 * Meteor's services without passwords, tokens and linked identities. What is left may be a second
 * factor, as of its package or of Rocket.Chat.
 */
function fromMeteor(record: Members): Members | null {
  const services = membersOf(record['services']);
  if (!services) return null;
  const identities = Object.keys(services).filter((name) => {
    const service = membersOf(services[name]);
    return service !== null && 'accessToken' in service;
  });
  return put(record, ['services'], {
    services: without(services, new Set([...passwordsOfMeteor, ...identities])),
  });
}

const passwordsOfMeteor = ['password', 'resume', 'email', 'emailCode'];

/** `listUsers` of Firebase's SDK, whose times are written as in RFC 1123. */
function fromFirebaseSdk(record: Members): Members | null {
  const metadata = membersOf(record['metadata']);
  if (metadata?.['creationTime'] === undefined) return null;
  return put(record, ['metadata'], {
    created_at: metadata['creationTime'],
    last_login_at: metadata['lastSignInTime'],
    metadata: without(metadata, new Set(['creationTime', 'lastSignInTime', 'lastRefreshTime'])),
  });
}
