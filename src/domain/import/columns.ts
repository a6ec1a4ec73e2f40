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
  ['passkeys', ['passkeys']],
  ['identities', ['identities', 'provideruserinfo', 'providerdata', 'federatedidentities']],
  // A name that no other system has: its own may hold what keeps people out, and has to be settled.
  ['metadata', ['latchkeymetadata']],
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
const moment = '(?:flag|flg|yn|ind|at|on|date|datetime|time|timestamp|since)?(?:utc)?';
const end =
  '(?:until|till|end|ends|endat|endsat|enddate|expires|expiresat|expiresin|expiry|expiration)';

/** What follows `is`, `user`, `account` and the like in the name of a column, and what it says. */
const gates: readonly (readonly [RegExp, Gate])[] = [
  [new RegExp(`^(?:${heldBack})${moment}$`), 'suspended'],
  [new RegExp(`^(?:${heldBack})${end}(?:date)?(?:utc)?$`), 'suspendedUntil'],
  [new RegExp(`^(?:active|activated|enabled?|approved|unlocked)${moment}$`), 'active'],
  [/^(?:non|not)(?:locked|expired|banned|blocked)$|^allowed$/, 'active'],
  [/^can(?:login|signin|authenticate)$|^use(?:yn|flag|flg)$/, 'active'],
  [/^(?:active|valid|access)(?:until|till|to|expires|expiresat)$/, 'activeUntil'],
  [/^expired$/, 'suspended'],
  [/^expir(?:es|ed|y|ation)(?:at|on|date|time)?$/, 'activeUntil'],
];

const prefixes = /^(?:is|was|has|been|user|account|acct|access|acc|login|signin)+(?=.)/;
const statuses = /^(?:user|account|acct|login|lifecycle)?status$|^(?:user|account|acct)state$/;
const resets = anyOf(
  '^(?:must|force|require|need)[a-z]*(?:change|reset|update|password)',
  '^(?:password|credentials?)expired$|(?:reset|change)required$|^changepassword(?:at|on)next',
  '^(?:password|pwd)mustchange$|^pwdreset$',
);

const secondFactors = anyOf(
  '^mfa|mfa$|mfa(?:enabled|secret|info|options|verified|factors|methods|settings|type)|2fa|2sv',
  '^tfa|tfa(?:enabled|secret)|twofa|twofactor|multifactor|secondfactor|twostep|2step|secondstep',
  'totp|^hotp(?:$|secret|counter|key)|webauthn|passkey|authenticator|u2f|^fido|yubikey|strongauth',
  'backupcode|recoverycodes|scratchcodes|securitykeys$|^(?:auth)?factors$|^gauth(?:secret|key)?$',
  '^otp(?:secret|required|enabled|auth|verified|key|seed|uri|activ)|googleauth(?:secret|enabled)',
  'authy(?:$|id|enabled)',
);
const notSecondFactors = /sentat$|attempts?$|last.*(?:at|modified|changed|used)$|^mfadisabledat$/;

const keepingOut = anyOf(
  'block|bann(?!er)|lock|suspen|disab|enabl|activ|delet|archiv|revok|terminat|blacklist|froze',
  'freez|discard|trash|approv|reject|denied|deny|forbid|quarantin|restrict|expir|barred|prohibit',
  'dormant|compromis|fraud|abus|penal|sanction|purge|erase|anonymi[sz]|withdraw|allow|destroy',
  'removed|removal|closed|closure|cancel|retired|resigned|expel|kicked|flagged|exclud|tombston',
  'permitted|(?:^|un|is)authori[sz]ed$|nologin|noaccess|accountcontrol|shadowban|voided',
  'deprovis|onhold',
  // In other languages.
  'sperr|aktiv|geloscht|geloescht|freigeschalt|bloqu|supprim|actif|eliminad|borrad|habilitad',
  'blokk|^(?:in|des)?ativ[oa]|attiv|bloccat|sospes|verwijder|aktywn|blokow|pasif',
);
const keepingOutWords = anyOf(
  '^(?:ban|bans|state|status|standing|spam|hold|held|paused|valid|invalid|del|dead|left|gone',
  'pending|stopped|halted|merged|passive|enddate|leavedate|notafter|etat|estado|statut|estatus',
  'valide|baja|bantype|banlevel|baninfo)$',
);
/** What databases in the scripts of our languages call a status, a ban or a deletion. */
const keepingOutElsewhere = anyOf(
  '状態|状态|有効|無効|停止|禁止|凍結|冻结|封禁|禁用|停用|锁定|ロック|ブロック|削除|删除|退会',
  'حالة|محظور|معطل|محذوف|موقوف|نشط|مفعل',
  'статус|блок|забан|удал|отключ|актив',
);
const proving = /verif|confirm|validat/;

/** What has such a word in its name and keeps nobody out. */
const harmless = anyOf(
  'tokens?(?:at|sentat|expires|expiresat|expiry)?$|attempts?$|(?<!ac)count$|sentat$|^last',
  '^(?:time|world)?clock(?!.*lock)|blockchain|^unconfirmed(?!.*lock)',
  '(?:reset|code|otp|session|subscription|trial|card)[a-z]*expir',
  // ASP.NET, Keycloak and Clerk: what may happen, not what has.
  '^lockoutenabled$|^disableablecredentialtypes$|^passwordenabled$|^deleteselfenabled$',
  '^approvedscopes$|^tokensvalidaftertime$|^validsince$',
  '^createorganizationenabled$|^lockoutexpiresinseconds$|^verificationattemptsremaining$',
  '^mfadisabledat$',
);
const harmlessProofs = /phone|mobile|sms|code|hash|link|^mailsent/;
/** What tells more about another column. */
const companions = /(?:reason|by|byid|comment|note|notes|message)$/;

/** The name of a column without what is spelled in many ways. */
function normalized(column: string): string {
  return column
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
}

/** The field that a column stands for; null where we do not know it. */
export function fieldOf(column: string): Field | null {
  const name = normalized(column);
  const known = fieldOfName.get(name);
  if (known !== undefined) return known;
  if (statuses.test(name)) return 'status';
  if (resets.test(name)) return 'resetRequired';
  const stem = name.replace(prefixes, '');
  const isFactor = secondFactors.test(name) || secondFactors.test(stem);
  if (isFactor && !notSecondFactors.test(name)) return 'secondFactor';
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
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

/** Whether a column of no known name looks as if it decided who may sign in. */
function looksLikeGate(column: string): boolean {
  const name = normalized(column);
  if (harmless.test(name)) return false;
  if (keepingOut.test(name) || keepingOutElsewhere.test(column.toLowerCase())) return true;
  const words = [...wordsOf(column), name, name.replace(prefixes, '')];
  if (words.some((word) => keepingOutWords.test(word)) || /status(?:id|code|flag)?$/.test(name))
    return true;
  return proving.test(name) && !harmlessProofs.test(name);
}

/** What expires there is not the account. */
const withExpiry =
  /session|token|consent|identities|invit|subscription|verification|oauth|resetpassw/;

function isNestedGate(
  path: string,
  { name, field }: { name: string; field: Field | null },
): boolean {
  const normal = normalized(name);
  if (harmless.test(normal)) return false;
  const parents = normalized(path.slice(0, -name.length));
  if (/expir/.test(normal) && withExpiry.test(parents)) return false;
  // Whether an address or a number is proved, as Clerk tells it.
  if (field === 'status' && parents.endsWith('verification')) return false;
  if (field === null) return keepingOut.test(normal);
  return gateFields.has(field) || field === 'resetRequired';
}

/** Passkeys inside of another column are of a shape that only its system knows. */
function factorOf(field: Field | null): Field | null {
  return field === 'passkeys' ? 'secondFactor' : field;
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
  readonly #seen = new Set<string>();
  #hasGate = false;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  /** Columns that look as if they kept people out, and that nobody has said anything about. */
  get unsettled(): readonly string[] {
    return [...this.#unsettled];
  }

  /** With those that tell more about such a column, where the file has none of that. */
  get unsettledAtEnd(): readonly string[] {
    return this.#hasGate ? this.unsettled : [...this.#unsettled, ...this.#companions];
  }

  /** Columns that the operator has mapped and that have not been seen. */
  get missing(): readonly string[] {
    const { mapped } = this.#choice;
    return [...mapped.keys()].filter((column) => !this.#seen.has(column));
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
    this.#note(column, field);
    if (this.#fields.size < maxColumns) this.#fields.set(column, field);
    return field;
  }

  /**
   * The field of a value inside another one, by its path such as `app_metadata.blocked`: what the
   * operator has mapped, and second factors. What would keep people out by its name is left open.
   */
  fieldOfNested(path: string, name: string): Field | null {
    const known = this.#fields.get(path);
    if (known !== undefined) return known;
    const own = this.isChosen(path) ? chosenFieldOf(path, this.#choice) : factorOf(fieldOf(name));
    const field = this.isChosen(path) || own === 'secondFactor' ? own : null;
    this.#note(path, field);
    if (!this.isChosen(path) && isNestedGate(path, { name, field: own })) this.leaveOpen(path);
    if (this.#fields.size < maxColumns) this.#fields.set(path, field);
    return field;
  }

  /** Leaves a column to be settled by the operator. */
  leaveOpen(column: string): void {
    if (this.#unsettled.size < maxTold) this.#unsettled.add(column);
  }

  #note(column: string, field: Field | null): void {
    if (field !== null && gateFields.has(field)) this.#hasGate = true;
    if (this.#choice.mapped.has(column)) this.#seen.add(column);
  }

  #judge(column: string): Field | null {
    const field = chosenFieldOf(column, this.#choice);
    if (field === null && !this.isChosen(column) && looksLikeGate(column)) {
      const isCompanion = companions.test(normalized(column));
      if (!isCompanion) this.leaveOpen(column);
      else if (this.#companions.size < maxTold) this.#companions.add(column);
    }
    return field;
  }
}
