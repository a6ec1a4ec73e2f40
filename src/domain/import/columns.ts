/** One pattern of parts, so that each stands on a line of its own. */
function anyOf(...parts: readonly string[]): RegExp {
  return new RegExp(parts.join('|'));
}

/** What a line of an import may say, by our names. */
export type Field = (typeof names)[number][0] | Gate | 'resetRequired' | 'secondFactor';

/** What decides whether a user may sign in at all. */
export type Gate = 'suspended' | 'suspendedUntil' | 'active' | 'activeUntil' | 'status';

/**
 * The names of each field in other systems, in lower case and without separators between the words.
 */
const names = [
  ['id', ['id', 'uid', 'userid', 'uuid']],
  ['email', ['email', 'emailaddress', 'useremail', 'primaryemail', 'primaryemailaddress', 'mail']],
  ['passwordHash', ['passwordhash', 'hashedpassword', 'encryptedpassword', 'password']],
  ['passwordHash', ['passworddigest', 'userpass']],
  ['salt', ['salt', 'passwordsalt']],
  ['emailVerified', ['emailverified', 'verified', 'emailconfirmed', 'confirmed']],
  ['emailVerified', ['isverified', 'isconfirmed', 'isemailverified', 'isemailconfirmed']],
  ['emailVerified', ['emailverifiedat', 'verifiedat', 'emailconfirmedat', 'confirmedat']],
  ['verifiedAddresses', ['verifiedemailaddresses']],
  ['name', ['name', 'displayname', 'fullname']],
  ['givenName', ['firstname', 'givenname']],
  ['familyName', ['lastname', 'familyname', 'surname']],
  ['roles', ['roles', 'role']],
  ['locale', ['locale', 'language']],
  ['createdAt', ['createdat', 'datejoined', 'createdtimestamp', 'userregistered']],
  ['lastLoginAt', ['lastloginat', 'lastlogin', 'lastsigninat', 'lastsignedinat']],
] as const;

const fieldOfName: ReadonlyMap<string, Field> = new Map(
  names.flatMap(([field, known]) => known.map((name): [string, Field] => [name, field])),
);

const heldBack =
  'suspended|disabled|banned|blocked|locked|lockedout|deactivated|inactive|deleted|softdeleted|' +
  'archived|blacklisted|blocklisted|removed|revoked|terminated|closed|frozen|discarded|trashed|' +
  'rejected|forbidden|erased|purged|anonymized|anonymised|ban|block|lock|lockout|suspension|' +
  'deletion|deactivation|revocation|del|delete|spam';
const moment = '(?:flag|at|on|date|datetime|time|timestamp|since)?(?:utc)?';
const end =
  '(?:until|till|end|ends|endat|endsat|enddate|expires|expiresat|expiresin|expiry|expiration)';

/** What follows `is`, `user`, `account` and the like in the name of a column, and what it says. */
const gates: readonly (readonly [RegExp, Gate])[] = [
  [new RegExp(`^(?:${heldBack})${moment}$`), 'suspended'],
  [new RegExp(`^(?:${heldBack})${end}(?:date)?(?:utc)?$`), 'suspendedUntil'],
  [new RegExp(`^(?:active|activated|enabled?|approved|unlocked)${moment}$`), 'active'],
  [/^(?:non|not)(?:locked|expired|banned|blocked)$|^can(?:login|signin)$|^allowed$/, 'active'],
  [/^(?:active|valid|access)(?:until|till|to|expires|expiresat)$/, 'activeUntil'],
  [/^expired$/, 'suspended'],
  [/^expir(?:es|ed|y|ation)(?:at|on|date|time)?$/, 'activeUntil'],
];

const prefixes = /^(?:is|was|has|been|user|account|acct|login|signin|access)+(?=.)/;
const statuses = /^(?:user|account|acct|login|lifecycle)?status$|^(?:user|account|acct)state$/;
const resets = anyOf(
  '^(?:must|force|require|need)[a-z]*(?:change|reset|update|password)',
  '^passwordexpired$|(?:reset|change)required$',
);

const secondFactors = anyOf(
  '^mfa|mfa$|mfa(?:enabled|secret|info|options|verified|factors|methods|settings|type)|2fa',
  'twofactor|multifactor|secondfactor|twostep|totp|webauthn|passkey|authenticator',
  'backupcodes|recoverycodes|^otp(?:secret|required|enabled|auth|verified)',
);
const notSecondFactors = /sentat$|attempts?$|last.*at$|^mfadisabledat$/;

const keepingOut = anyOf(
  'block|bann|lock|suspen|disab|enabl|activ|delet|archiv|revok|terminat|blacklist|froze|freez',
  'discard|trash|approv|reject|denied|deny|forbid|quarantin|restrict|expir|barred|prohibit',
  'dormant|compromis|fraud|abus|penal|sanction|purge|erase|anonymi|withdraw|allow|gesperrt',
  'bloque|removed|removal|closed|closure|cancel|retired|resigned|expel|kicked|flagged',
);
const keepingOutWords =
  /^(?:ban|bans|state|status|standing|spam|hold|held|paused|valid|invalid|del|dead|left|gone)$/;
const proving = /verif|confirm|validat/;

/** What has such a word in its name and keeps nobody out. */
const harmless = anyOf(
  'tokens?(?:at|sentat|expires|expiresat|expiry)?$|attempts?$|(?<!ac)count$|sentat$|^last',
  'clock|blockchain|^unconfirmed',
  '(?:reset|code|otp|session|subscription|trial|card)[a-z]*expir',
  // ASP.NET, Keycloak and Clerk: what may happen, not what has.
  '^lockoutenabled$|^disableablecredentialtypes$|^passwordenabled$|^deleteselfenabled$',
  '^createorganizationenabled$|^lockoutexpiresinseconds$|^verificationattemptsremaining$',
  '^mfadisabledat$',
);
const harmlessProofs = /phone|mobile|sms|code|hash|link|^mailsent/;
/** What tells more about another column. */
const companions = /(?:reason|by|byid|comment|note|notes|message)$/;

/** The name of a column without what is spelled in many ways. */
function normalized(column: string): string {
  return column.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The field that a column stands for; null where we do not know it. */
export function fieldOf(column: string): Field | null {
  const name = normalized(column);
  const known = fieldOfName.get(name);
  if (known !== undefined) return known;
  if (statuses.test(name)) return 'status';
  if (resets.test(name)) return 'resetRequired';
  if (secondFactors.test(name) && !notSecondFactors.test(name)) return 'secondFactor';
  const stem = name.replace(prefixes, '');
  return gates.find(([pattern]) => pattern.test(name) || pattern.test(stem))?.[1] ?? null;
}

const gateFields: ReadonlySet<Field> = new Set([
  'suspended',
  'suspendedUntil',
  'active',
  'activeUntil',
  'status',
]);

/** Fields of which every column of a line counts, not only the first. */
export function countsEach(field: Field): boolean {
  return (
    gateFields.has(field) ||
    field === 'emailVerified' ||
    field === 'resetRequired' ||
    field === 'secondFactor'
  );
}

function wordsOf(column: string): string[] {
  return column
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

/** Whether a column of no known name looks as if it decided who may sign in. */
function looksLikeGate(column: string): boolean {
  const name = normalized(column);
  if (harmless.test(name)) return false;
  if (keepingOut.test(name) || wordsOf(column).some((word) => keepingOutWords.test(word)))
    return true;
  return proving.test(name) && !harmlessProofs.test(name);
}

/** How many different columns are remembered. */
const maxColumns = 10_000;
const maxTold = 100;

/** What the operator says about columns. */
export type Choice = {
  /** Columns named differently from ours: the column, and our name for it. */
  readonly mapped: ReadonlyMap<string, string>;
  /** Columns that the operator passes over. */
  readonly waived: ReadonlySet<string>;
};

/** The field of a column under the operator's choice; null where it is unknown or passed over. */
export function chosenFieldOf(column: string, { mapped, waived }: Choice): Field | null {
  return waived.has(column) ? null : fieldOf(mapped.get(column) ?? column);
}

/** What the columns of one file stand for, and which are left to be settled. */
export class Columns {
  readonly #choice: Choice;
  readonly #fields = new Map<string, Field | null>();
  readonly #unsettled = new Set<string>();
  readonly #companions = new Set<string>();
  #hasGate = false;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  /** Columns that look as if they kept people out, and that nobody has said anything about. */
  get unsettled(): readonly string[] {
    return [...this.#unsettled, ...(this.#hasGate ? [] : this.#companions)].slice(0, maxTold);
  }

  /** Whether the operator has said what this column is, or that it is nothing. */
  isChosen(column: string): boolean {
    return this.#choice.mapped.has(column) || this.#choice.waived.has(column);
  }

  /** The field of a column; null where it is passed over. */
  fieldOf(column: string): Field | null {
    const known = this.#fields.get(column);
    if (known !== undefined) return known;
    const field = this.#judge(column);
    if (field !== null && gateFields.has(field)) this.#hasGate = true;
    if (this.#fields.size < maxColumns) this.#fields.set(column, field);
    return field;
  }

  /**
   * The field of a value inside another one, by its path such as `app_metadata.blocked`. Only what
   * the operator has mapped is read; what would keep people out by its name has to be settled.
   */
  fieldOfNested(path: string): Field | null {
    const known = this.#fields.get(path);
    if (known !== undefined) return known;
    const field = this.isChosen(path) ? this.#judge(path) : null;
    const name = path.slice(path.lastIndexOf('.') + 1);
    const own = fieldOf(name);
    const isGate = own === null ? keepingOut.test(normalized(name)) : gateFields.has(own);
    if (!this.isChosen(path) && isGate && !harmless.test(normalized(name)))
      this.#unsettled.add(path);
    if (this.#fields.size < maxColumns) this.#fields.set(path, field);
    return field;
  }

  #judge(column: string): Field | null {
    const field = chosenFieldOf(column, this.#choice);
    if (field === null && !this.isChosen(column) && looksLikeGate(column)) {
      const isCompanion = companions.test(normalized(column));
      (isCompanion ? this.#companions : this.#unsettled).add(column);
    }
    return field;
  }
}
