/** Longer than any code with whatever was typed or pasted around it (OT-10). */
const maxLength = 64;

/**
 * What people and programs put into and around a code: spaces, dashes (also those that a Japanese
 * keyboard types for them) and invisible characters, such as marks of the writing direction.
 */
const ignored =
  /[\p{White_Space}\p{Dash}\u30fc\uff70\u2800\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;

const digit = /\p{Nd}/u;

/**
 * A code as its digits and letters, however it was typed or pasted: decimal digits of any script as
 * ASCII digits, full-width letters as ASCII letters. Null for more text than a code can be (OT-10).
 */
export function typedSymbols(typed: string): string | null {
  if (typed.length > maxLength) return null;
  return typed
    .replace(ignored, '')
    .replace(/\p{Nd}/gu, digitValue)
    .replace(/[\uff21-\uff3a\uff41-\uff5a]/g, (letter) =>
      String.fromCharCode(letter.charCodeAt(0) - 0xfee0),
    );
}

/** Unicode keeps the ten digits of a script together, and no run of them begins elsewhere. */
function digitValue(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  let zero = codePoint;
  while (digit.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((codePoint - zero) % 10);
}
