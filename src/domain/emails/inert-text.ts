const maxLength = 64;

/**
 * What mail programs turn into links: a scheme, `//`, an `@`, a dot before letters (`evil.com`,
 * `www.evil`), an IPv4 address. Deliberately broad: a greeting without a name costs less than a
 * mail of ours that carries an attacker's address.
 */
const urlLike =
  /:\/|\/\/|@|\S\.\p{L}[\p{L}\p{M}]|\d+\.\d+\.\d+\.\d+|\b(?:mailto|tel|javascript|data):/iu;

/**
 * Text that an attacker may have chosen, as one short line without links; null where nothing
 * harmless is left (EM-3). At most 64 code points, without control characters, line breaks and
 * changes of writing direction. Not escaped.
 */
export function inertText(value: string): string | null {
  const line = value
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    // Cf contains the bidi overrides; the two joiners are needed in Persian, Indic scripts and
    // emoji.
    .replace(/(?![\u200c\u200d])[\p{C}]/gu, '')
    .trim();
  // Folds full-width letters and dots as a browser's address bar does (UTS 46).
  const folded = line
    .normalize('NFKC')
    .replace(/[\u200c\u200d]/g, '')
    .replace(/\u3002/g, '.');
  if (line === '' || urlLike.test(folded)) return null;
  return Array.from(line).slice(0, maxLength).join('').trim();
}
