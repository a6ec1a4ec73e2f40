import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/app.ts';
import { freshAddress, goodPassword } from '../../testing/people.ts';
import { checkTemplates } from './check-templates.ts';
import { renderEmail } from './render-email.ts';
import { sampleContents } from './sample-contents.ts';

const appUrl = 'https://app.example.com';
const samples = sampleContents(appUrl);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-templates-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

describe('an operator’s own templates', () => {
  it.each([
    [
      'a name that is no mail’s',
      'en/welcome.liquid',
      'subject: Welcome\n\nHello.',
      /welcome\.liquid: no mail has this name/,
    ],
    [
      'a language that we do not have',
      'tlh/login-code.liquid',
      'subject: x\n\n{{ code }}',
      /no mail has this name/,
    ],
    [
      'no subject',
      'en/login-code.liquid',
      'Hello.\n\n{{ code }}',
      /first line must be "subject: "/,
    ],
    [
      'a variable in the subject',
      'en/login-code.liquid',
      'subject: Your code {{ code }}\n\n{{ code }}',
      /constant words/,
    ],
    [
      'no code',
      'en/login-code.liquid',
      'subject: Hello\n\nThere is no code here.',
      /code or the link/,
    ],
    [
      'no link',
      'en/password-reset.liquid',
      'subject: Hello\n\nThere is no link here.',
      /code or the link/,
    ],
    [
      'a variable that the mail has not',
      'en/login-code.liquid',
      'subject: x\n\n{{ code }}\n\n{{ password }}',
      /undefined variable/,
    ],
    ['an open tag', 'en/login-code.liquid', 'subject: x\n\n{{ code }}\n\n{% if x %}', /not closed/],
    [
      'a file from elsewhere',
      'en/login-code.liquid',
      "subject: x\n\n{{ code }}\n\n{% include '../../../etc/passwd' %}",
      /login-code/,
    ],
    [
      'a layout without the paragraphs',
      'layout.html.liquid',
      '<html lang="{{ language }}"></html>',
      /code or the link/,
    ],
  ])('are refused at start with %s', async (_what, path, text, problem) => {
    put(path, text);
    await expect(checkTemplates(folder)).rejects.toThrow(problem);
    await expect(startTestServer({ config: { mailTemplatesDirectory: folder } })).rejects.toThrow(
      'MAIL_TEMPLATES_DIR',
    );
  });

  it('are refused all at once, each file named', async () => {
    put('en/login-code.liquid', 'subject: x\n\nNothing.');
    put('de/welcome.liquid', 'subject: x\n\nNothing.');
    await expect(checkTemplates(folder)).rejects.toThrow(
      /de\/welcome\.liquid.*en\/login-code\.liquid/s,
    );
  });

  it('replace ours, file by file, with untrusted text still escaped', async () => {
    put(
      'de/verify-email.liquid',
      'subject: Willkommen bei ACME\r\n\r\n' +
        'Hallo{% if name %} {{ name }}{% endif %}!\r\n\r\n{{ code }}\r\n',
    );
    await checkTemplates(folder);
    const options = { appUrl, productName: 'Latchkey', templatesDirectory: folder };
    const content = { ...samples['verify-email'], name: '<b>Ada</b>' };
    const { subject, text, html } = await renderEmail(content, { ...options, locale: 'de' });
    expect(subject).toBe('Willkommen bei ACME');
    expect(text).toContain('Hallo <b>Ada</b>!\n\n042719');
    expect(html).toContain('Hallo &lt;b&gt;Ada&lt;/b&gt;!');
    expect((await renderEmail(content, { ...options, locale: 'en' })).subject).toBe(
      'Confirm your email address',
    );
    expect(
      (await renderEmail(content, { ...options, templatesDirectory: null, locale: 'de' })).subject,
    ).toBe('Bestätigen Sie Ihre E-Mail-Adresse');
  });

  it('can replace the layout of every mail', async () => {
    put(
      'layout.html.liquid',
      `<html lang="{{ language }}" dir="{{ direction }}"><body class="acme">
      {% for block in blocks %}{% case block.kind %}{% when 'code' %}<b>{{ block.code }}</b>
      {% when 'link' %}<a href="{{ block.href }}">{{ block.label }}</a>
      {% else %}<p>{{ block.lines | join: ' ' }}</p>{% endcase %}{% endfor %}</body></html>`,
    );
    await checkTemplates(folder);
    const { html } = await renderEmail(samples['login-code'], {
      appUrl,
      productName: 'Latchkey',
      templatesDirectory: folder,
      locale: 'ar',
    });
    expect(html).toContain('dir="rtl"');
    expect(html).toContain('class="acme"');
    expect(html).toContain('<b>042719</b>');
  });

  it('are used for mails that are sent', async () => {
    put('en/verify-email.liquid', 'subject: Welcome to ACME\n\nYour code:\n\n{{ code }}');
    const server = await startTestServer({ config: { mailTemplatesDirectory: folder } });
    try {
      const email = freshAddress();
      const challenge = await server.mutate('register', { email, password: goodPassword });
      const mail = await server.nextMail(email);
      expect(mail.subject).toBe('Welcome to ACME');
      const code = /^(\d{6})$/m.exec(mail.text)?.[1];
      expect(await server.mutate('verifyOtp', { challengeId: challenge.id, code })).toMatchObject({
        __typename: 'AuthTokens',
      });
    } finally {
      await server.stop();
    }
  });
});
