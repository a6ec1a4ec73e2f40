import { describe, expect, it } from 'vitest';
import { classifyReply } from './classify-reply.ts';

const rcpt = 'RCPT TO';

describe('X-39 what a reply of an SMTP server means', () => {
  it.each([
    [554, '554 5.7.1 Service unavailable; client blocked', rcpt],
    [550, '550 5.7.1 Relaying denied', rcpt],
    [550, '550 relay not permitted', rcpt],
    [553, '553 sorry, that domain is not in my list of allowed rcpthosts; relay denied', rcpt],
    [550, '550 5.7.26 Unauthenticated mail is prohibited', 'DATA'],
    [550, '550 Blocked by our policy', rcpt],
    [550, '550 5.4.5 Daily sending quota exceeded', rcpt],
    [552, '552 5.2.2 Mailbox full', rcpt],
    [550, '550 5.1.7 Bad sender address syntax', rcpt],
    [550, '550 5.1.8 Sender domain not found', rcpt],
    [550, '550 5.1.1 Unknown', 'MAIL FROM'],
    [550, '550 Requested action not taken', 'DATA'],
    [554, '554 Message rejected: Email address is not verified', 'DATA'],
    [554, '554 Transaction failed', rcpt],
    [500, '500 Command not recognized', 'EHLO'],
    [535, '535 5.7.8 Authentication failed', 'AUTH PLAIN'],
    [530, '530 5.7.0 Must issue a STARTTLS command first', 'MAIL FROM'],
    [451, '451 4.1.2 Domain not found', rcpt],
    [450, '450 4.2.0 Greylisted', rcpt],
    [421, '421 Service not available', 'CONN'],
  ])('gives no mail up for %i (%s, answering %s)', (status, text, command) => {
    expect(classifyReply({ status, text, command }).permanent).toBe(false);
  });

  it.each([
    [550, '550 5.1.1 User unknown', rcpt],
    [550, '550-5.1.1 The account does not exist.\n550 5.1.1 Please check it.', rcpt],
    [553, '553 5.1.3 Bad destination mailbox address syntax', rcpt],
    [550, '550 5.1.2 Bad destination system', rcpt],
    [556, '556 5.1.10 Recipient address has a null MX', rcpt],
    [550, '550 5.1.6 Mailbox has moved', rcpt],
    [554, '554 5.1.1 No such recipient', 'DATA'],
    [550, '550 No such user here', rcpt],
    [551, '551 User not local', rcpt],
    [553, '553 Mailbox name not allowed', rcpt],
  ])('gives a mail up for %i (%s, answering %s): the address is wrong', (status, text, command) => {
    const failure = classifyReply({ status, text, command });
    expect(failure).toMatchObject({ permanent: true, fault: 'recipient', aboutAddress: true });
    expect(String(failure)).not.toContain(text);
  });

  it.each([
    [552, '552 5.2.2 Mailbox full', rcpt],
    [452, '452 4.2.2 The recipient is over its quota limit', rcpt],
    [550, '550 5.2.1 Mailbox disabled', rcpt],
    [552, '552 5.2.2 Mailbox full', 'DATA'],
    [550, '550 5.7.1 The recipient takes no mail of yours', rcpt],
    [554, '554 5.7.1 Message blocked by the policy of the recipient', 'DATA'],
    [450, '450 4.7.1 Greylisted by a corporate filter', rcpt],
    [550, '550 5.7.17 The mailbox has another owner', rcpt],
    [550, '550 5.4.1 Recipient address rejected: Access denied', rcpt],
    [550, '550 Blocked by our policy', rcpt],
    [554, '554 Transaction failed', 'DATA'],
  ])('takes %i (%s, answering %s) as that of one mail, for now', (status, text, command) => {
    expect(classifyReply({ status, text, command })).toMatchObject({
      fault: 'recipient',
      permanent: false,
      throttled: false,
    });
  });

  it.each([
    [550, '550 5.7.1 Client is not allowed', 'MAIL FROM'],
    [554, '554 5.7.1 No service for you', 'CONN'],
    [535, '535 5.7.8 Authentication failed', 'AUTH PLAIN'],
    [530, '530 5.7.0 Authentication required', rcpt],
    [550, '550 5.7.13 Your account is disabled', rcpt],
    [550, '550 5.1.8 Sender domain not found', rcpt],
    [452, '452 4.3.1 Insufficient system storage', rcpt],
    [451, '451 Local error in processing', 'DATA'],
    [421, '421 4.2.1 Closing the channel', rcpt],
    [450, '450 4.7.1 Your rate is too high', rcpt],
  ])('takes %i (%s, answering %s) as that of the provider', (status, text, command) => {
    expect(classifyReply({ status, text, command }).fault).toBe('provider');
  });

  it('holds a mailbox’s own trouble against no provider, and a flood against us', () => {
    const of = (status: number, text: string, command = rcpt) =>
      classifyReply({ status, text, command });
    expect(of(450, '450 4.2.0 Greylisted')).toMatchObject({ fault: 'recipient', throttled: false });
    expect(of(452, '452 4.2.2 Mailbox full')).toMatchObject({ fault: 'recipient' });
    expect(of(450, '450 4.1.2 Domain not found')).toMatchObject({ fault: 'recipient' });
    expect(of(421, '421 4.7.0 Try again later')).toMatchObject({
      fault: 'provider',
      throttled: true,
    });
    expect(of(450, '450 4.7.1 Too many messages, slow down')).toMatchObject({
      fault: 'provider',
      throttled: true,
    });
    expect(of(451, '451 4.3.0 Local error', 'DATA')).toMatchObject({
      fault: 'provider',
      throttled: false,
    });
  });

  it.each([
    [450, '450 4.1.2 Domain not found'],
    [450, '450 4.1.1 User unknown in relay recipient table'],
    [552, '552 5.2.2 Mailbox full'],
    [550, '550 5.4.4 No such host'],
    [451, '451 Temporary lookup failure'],
  ])('%i (%s) speaks of the address, which strangers can choose', (status, text) => {
    expect(classifyReply({ status, text, command: rcpt }).aboutAddress).toBe(true);
  });
  it.each([
    [550, '550 5.7.1 Relaying denied'],
    [554, '554 5.7.1 Service unavailable; client blocked'],
    [550, '550 5.4.5 Daily sending quota exceeded'],
    [550, '550 relay not permitted'],
    [550, '550 5.1.8 Sender domain not found'],
    [535, '535 5.7.8 Authentication failed'],
  ])('%i (%s) may be meant for us', (status, text) => {
    expect(classifyReply({ status, text, command: rcpt }).aboutAddress).toBe(false);
  });
});
