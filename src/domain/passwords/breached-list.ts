import { createHash } from 'node:crypto';

/** A password of a list, and how often it was seen: 0 where the list does not say. */
export type ListedPassword = { readonly digest: Buffer; readonly seen: number };

/** `sha1`: 40 hex digits, and after a colon perhaps a count. `plain`: the password itself. */
export type ListFormat = 'sha1' | 'plain';

/** Why a list is not taken, for its operator to read. */
export class ListFault extends Error {
  override readonly name = 'ListFault';
}

const digestLine = /^([0-9a-f]{40})(?::(\d{1,15}))?\s*$/i;
/** NTLM digests, and Have I Been Pwned's files of one range each. */
const foreignLine = /^(?:[0-9a-f]{32}|[0-9a-f]{35}):\d+\s*$/i;

/**
 * Reads the lines of a list, without their line feeds. The first one tells the format where null is
 * given. Empty lines are passed over. Throws ListFault, which names a line by its number.
 */
export function* readList(
  lines: Iterable<Buffer>,
  format: ListFormat | null,
): Generator<ListedPassword> {
  let known = format;
  let number = 0;
  for (const line of lines) {
    number += 1;
    const text = number === 1 ? withoutMark(line) : line;
    const content = text.at(-1) === 0x0d ? text.subarray(0, -1) : text;
    if (content.length === 0) continue;
    known ??= formatOf(content);
    yield known === 'plain' ? readPlain(content) : readDigest(content, number);
  }
}

function formatOf(first: Buffer): ListFormat {
  const text = first.toString('latin1');
  if (foreignLine.test(text)) {
    throw new ListFault(
      'The first line has an NTLM digest or the end of a SHA-1 digest; whole SHA-1 digests are ' +
        'taken (the downloader of Have I Been Pwned makes one file of them). A list of passwords ' +
        'that only looks so takes --format plain.',
    );
  }
  return digestLine.test(text) ? 'sha1' : 'plain';
}

function readDigest(line: Buffer, number: number): ListedPassword {
  const [, digits, seen = '0'] = digestLine.exec(line.toString('latin1')) ?? [];
  if (digits === undefined) {
    throw new ListFault(
      `Line ${number} is not a SHA-1 digest of 40 hex digits, with or without a count after a ` +
        'colon. A list of passwords takes --format plain.',
    );
  }
  return { digest: Buffer.from(digits, 'hex'), seen: Number(seen) };
}

/** In the form in which passwords are checked (normalizePassword). */
function readPlain(line: Buffer): ListedPassword {
  const password = line.toString('utf8').normalize('NFC');
  return { digest: createHash('sha1').update(password).digest(), seen: 0 };
}

/** Without a byte order mark. */
function withoutMark(line: Buffer): Buffer {
  return line.subarray(0, 3).equals(byteOrderMark) ? line.subarray(3) : line;
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
