import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type SmtpStandIn, startSmtpStandIn } from '../testing/smtp-stand-in.ts';
import type { Mail } from './mailer.ts';
import { checkSmtp, createSmtpMailer } from './smtp-mailer.ts';

const mail: Mail = {
  id: '0193f5f0-0000-7000-8000-000000000001',
  to: 'ada@example.org',
  subject: 'Your sign-in code',
  text: 'Hello,\n\n042719\n',
  html: '<p>042719</p>',
};
const from = 'Latchkey <no-reply@mail.example.com>';

describe('mail by SMTP', () => {
  let server: SmtpStandIn | undefined;
  afterEach(() => server?.close());

  it.each(['a@x.org,b@evil.example', 'a@x.org\r\nBcc: b@evil.example', 'Ada <a@x.org>'])(
    'EM-2 ADV-19 sends nothing to %j',
    async (to) => {
      server = await startSmtpStandIn({ startTls: false });
      const mailer = createSmtpMailer({ url: `smtp://127.0.0.1:${server.port}`, from });
      await expect(mailer.send({ ...mail, to })).rejects.toMatchObject({
        reason: 'refused_recipient',
      });
      expect(server.mails).toHaveLength(0);
    },
  );

  // 0.0.0.0 reaches this machine too, but does not count as a local address.
  it('EM-5 refuses a remote server without TLS', async () => {
    server = await startSmtpStandIn({ startTls: false });
    const mailer = createSmtpMailer({ url: `smtp://0.0.0.0:${server.port}`, from });
    await expect(mailer.send(mail)).rejects.toMatchObject({ reason: 'tls' });
    expect(server.mails).toHaveLength(0);
  });

  it('EM-5 refuses a remote server with a self-signed certificate', async () => {
    server = await startSmtpStandIn({ startTls: true });
    const mailer = createSmtpMailer({ url: `smtp://0.0.0.0:${server.port}`, from });
    await expect(mailer.send(mail)).rejects.toMatchObject({ permanent: false });
    expect(server.mails).toHaveLength(0);
  });

  it.each([
    [550, true],
    [450, false],
  ])(
    'rejects a recipient that the server refuses with %i (permanent: %s), without its words',
    async (status, permanent) => {
      server = await startSmtpStandIn({ startTls: false });
      server.refuseRecipients(status);
      const mailer = createSmtpMailer({ url: `smtp://localhost:${server.port}`, from });
      const failure: unknown = await mailer.send(mail).catch((error: unknown) => error);
      expect(failure).toMatchObject({ reason: `smtp_${status}`, permanent });
      expect(`${String(failure)} ${JSON.stringify(failure)}`).not.toContain('ada@');
    },
  );

  it('rejects if the connection is refused', async () => {
    const mailer = createSmtpMailer({ url: 'smtp://127.0.0.1:1', from });
    await expect(mailer.send(mail)).rejects.toMatchObject({ reason: 'unreachable' });
  });

  it.each(['ada..l', 'ada.', '.ada'])(
    'X-52 sends to the stray dots of %s in quotes, as RFC 5321 4.1.2 has them',
    async (local) => {
      const told = await recipientTold(`${local}@docomo.example`);
      expect(told).toEqual([`RCPT TO:<"${local}"@docomo.example>`]);
    },
  );

  it.each([
    ['"Acme, Inc." <a@example.com>', 'From: "Acme, Inc." <a@example.com>\r\n'],
    ['"Acme <Support>" <a@example.com>', 'From: "Acme <Support>" <a@example.com>\r\n'],
    ['Acme <a@xn--bcher-kva.example>', 'From: Acme <a@xn--bcher-kva.example>\r\n'],
    ['"Bücher, GmbH" <a@example.com>', 'From: =?UTF-8?Q?B=C3=BCcher=2C_GmbH?= <a@example.com>\r\n'],
  ])('X-52 sends from %s', async (sender, header) => {
    server = await startSmtpStandIn({ startTls: true });
    const mailer = createSmtpMailer({ url: `smtp://localhost:${server.port}`, from: sender });
    await mailer.send(mail);
    await mailer.close();
    expect(server.mails[0]?.raw).toContain(header);
    expect(server.mails[0]?.from).toMatch(/^a@/);
  });

  it('sends one mail with both parts, our Message-ID and the headers against replies', async () => {
    server = await startSmtpStandIn({ startTls: true });
    const mailer = createSmtpMailer({ url: `smtp://localhost:${server.port}`, from });
    await mailer.send(mail);
    await mailer.close();
    expect(server.mails).toHaveLength(1);
    const [sent] = server.mails;
    expect(sent).toMatchObject({
      from: 'no-reply@mail.example.com',
      to: ['ada@example.org'],
      secure: true,
    });
    expect(sent?.raw).toContain(`Message-ID: <${mail.id}@mail.example.com>\r\n`);
    expect(sent?.raw).toContain('Auto-Submitted: auto-generated\r\n');
    expect(sent?.raw).toContain('To: ada@example.org\r\n');
    expect(sent?.raw).toContain('Subject: Your sign-in code\r\n');
    expect(sent?.raw).toContain('Content-Type: text/plain');
    expect(sent?.raw).toContain('Content-Type: text/html');
    expect(sent?.raw).toMatch(/\r\n042719\r\n/);
  });

  describe('X-42 a relay without TLS that is acknowledged', () => {
    // 0.0.0.0 is this machine and does not count as local.
    const urlOf = (port: number) => `smtp://relay:open-sesame@0.0.0.0:${port}`;

    it('is refused unless it is acknowledged, and gets no login', async () => {
      server = await startSmtpStandIn({ startTls: false, login: true });
      const url = urlOf(server.port);
      await expect(createSmtpMailer({ url, from }).send(mail)).rejects.toMatchObject({
        reason: 'tls',
      });
      await expect(checkSmtp({ url, from, allowInsecure: false })).rejects.toMatchObject({
        reason: 'tls',
      });
      expect(server.mails).toEqual([]);
      await createSmtpMailer({ url, from, allowInsecure: true }).send(mail);
      await checkSmtp({ url, from, allowInsecure: true });
      expect(server.mails).toMatchObject([{ secure: false, user: null, to: ['ada@example.org'] }]);
    });

    it('TLS is taken where it is offered, and no login is sent even then', async () => {
      server = await startSmtpStandIn({ startTls: true, login: true });
      const mailer = createSmtpMailer({ url: urlOf(server.port), from, allowInsecure: true });
      await mailer.send(mail);
      expect(server.mails).toMatchObject([{ secure: true, user: null }]);
    });

    it('on this machine is as before: the login is sent', async () => {
      server = await startSmtpStandIn({ startTls: false, login: true });
      for (const allowInsecure of [true, false]) {
        const url = `smtp://relay:open-sesame@127.0.0.1:${server.port}`;
        await createSmtpMailer({ url, from, allowInsecure }).send(mail);
      }
      expect(server.mails).toMatchObject([{ user: 'relay' }, { user: 'relay' }]);
    });
  });
});

/** What a server hears of the recipient; the stand-in would refuse dots that are in quotes. */
async function recipientTold(to: string): Promise<string[]> {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.write('220 here\r\n');
    socket.on('data', (data) => {
      for (const line of data.toString().split('\r\n')) {
        if (line.startsWith('RCPT')) heard.push(line);
        if (line === 'DATA') socket.write('354 go on\r\n');
        else if (/^(EHLO|MAIL|RCPT|QUIT|\.$)/.test(line)) socket.write('250 fine\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const mailer = createSmtpMailer({ url: `smtp://127.0.0.1:${port}`, from });
  await mailer.send({ ...mail, to });
  await mailer.close();
  server.close();
  return heard;
}
