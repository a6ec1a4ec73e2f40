/**
 * Why a provider is refused, in words for the operator's log. SECURITY: never a secret, token, code
 * or nonce, nor any other text that the provider wrote (ID-18).
 */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  constructor(readonly rule: string) {
    super(rule);
  }
}

/** A name of the protocol's, such as `invalid_client`; anything else could be a secret. */
const word = /^[a-z][a-z0-9_]{0,39}$/i;

/**
 * The rule that an error stands for: of ours, of the egress client's, or of a library's, which
 * wraps the others.
 */
export function ruleOf(error: unknown): string {
  let rule = 'unexpected error';
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if (at instanceof ProviderFault) return at.rule;
    const reason = wordOf(at, 'reason');
    if (at.name === 'EgressError' && reason !== null) return `call: ${reason}`;
    rule = ruleOfLibrary(at) ?? rule;
  }
  return rule;
}

/** Whether the user said no at the provider. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && wordOf(error, 'error') === 'access_denied';
}

/**
 * The libraries' messages are sentences of their own. SECURITY: not so those of other errors, which
 * have no code of theirs and may quote what was parsed.
 */
function ruleOfLibrary(error: Error): string | null {
  const code = wordOf(error, 'code');
  if (code === null || !/^(OAUTH|ERR)_/.test(code)) return null;
  const answered = wordOf(error, 'error') ?? 'an error';
  if (code === 'OAUTH_AUTHORIZATION_RESPONSE_ERROR') return `answered ${answered}`;
  if (code === 'OAUTH_RESPONSE_BODY_ERROR') return `token endpoint: ${answered}`;
  return error.message.slice(0, 160);
}

function wordOf(of: Error, member: string): string | null {
  const value: unknown = Reflect.get(of, member);
  return isWord(value) ? value : null;
}

export function isWord(value: unknown): value is string {
  return typeof value === 'string' && word.test(value);
}
