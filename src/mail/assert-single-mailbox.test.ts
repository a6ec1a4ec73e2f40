import { describe, expect, it } from 'vitest';
import { assertSafeHeaders, assertSingleMailbox } from './assert-single-mailbox.ts';
import { MailError } from './mailer.ts';

const refused = [
  'a@x.org,b@evil.example',
  'a@x.org, b@evil.example',
  'a@x.org;b@evil.example',
  'a@x.org b@evil.example',
  'a@x.org\r\nBcc: b@evil.example',
  'a@x.org\nBcc: b@evil.example',
  'a@x.org\r',
  'a@x.org\n',
  'a@x.org\0',
  'a@x.org\u2028b@evil.example',
  'Ada <a@x.org>',
  '<a@x.org>',
  '"a@x.org" <b@evil.example>',
  '"a,b@evil.example"@x.org',
  'friends:a@x.org;',
  'a@x.org (b@evil.example)',
  'a@b@evil.example',
  'a@[127.0.0.1]',
  'a@x.org?cc=b@evil.example',
  'a%0d%0a@x.org\r\n',
  ' a@x.org',
  'a@x.org ',
  'ä@x.org',
  'a@x\uff0eorg',
  'a@-x.org',
  'a@.org',
  'a@',
  '@x.org',
  '',
  `${'a'.repeat(250)}@x.org`,
];

describe('the recipient of a mail', () => {
  it.each(refused)('EM-2 ADV-19 refuses %j and does not repeat it in the error', (to) => {
    const failure = caught(() => assertSingleMailbox(to));
    expect(failure).toBeInstanceOf(MailError);
    expect(failure).toMatchObject({ reason: 'refused_recipient', permanent: true });
    if (to !== '') expect(String(failure)).not.toContain(to);
  });

  it('EM-2 refuses an array and an object, which mail libraries accept as lists', () => {
    expect(() => assertSingleMailbox(['a@x.org', 'b@evil.example'])).toThrow(MailError);
    expect(() => assertSingleMailbox({ address: 'a@x.org' })).toThrow(MailError);
  });

  it('X-52 accepts plain addresses, with dots anywhere', () => {
    for (const to of [
      'a@x.org',
      "o'neil+tag@mail.example.co.uk",
      'a.b-c_d@xn--bcher-kva.example',
      'a@localhost',
      'a..b@x.org',
      'a.b.@x.org',
    ]) {
      expect(() => assertSingleMailbox(to)).not.toThrow();
    }
  });

  it('EM-2 refuses line breaks in the subject and in the id', () => {
    const mail = { id: 'abc-1', to: 'a@x.org', subject: 'Hello', text: '', html: '' };
    expect(() => assertSafeHeaders(mail)).not.toThrow();
    expect(() => assertSafeHeaders({ ...mail, subject: 'Hello\r\nBcc: b@evil.example' })).toThrow(
      MailError,
    );
    expect(() => assertSafeHeaders({ ...mail, id: 'abc\r\nX: y' })).toThrow(MailError);
  });
});

function caught(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return null;
}
