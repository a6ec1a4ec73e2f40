import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { emailContent } from './email-content.ts';
import { type Locale, locales, localeTags, nearestLocale } from './locales.ts';
import { renderEmail } from './render-email.ts';
import { sampleContents } from './sample-contents.ts';

const appUrl = 'https://app.example.com';
const samples = sampleContents(appUrl);
const { code, link } = samples['verify-email'];
const productName = 'Latchkey';
const options = { locale: 'en', appUrl, productName, templatesDirectory: null };

/** How each language addresses a recipient who did not ask for the mail. */
const disclaimers: Record<Locale, RegExp> = {
  en: /not (?:you|signing in)|(?:do|did) not/,
  de: /Falls Sie (?:das nicht (?:waren|erwartet)|sich gerade nicht anmelden)|Wenn nicht,/,
  fr: /Si ce n’(?:était|est) pas vous|Si vous n’attendiez pas|Sinon,/,
  es: /Si no (?:fuiste tú|estás iniciando sesión|esperabas)/,
  ja: /お心当たりがない場合は/,
  ar: /إذا لم/,
};

const hostile = [
  '<img src=x>',
  '"><script>alert(1)</script>',
  "' onmouseover='x",
  '{{ code }}',
  '{% include "x" %}',
  '</p></body>',
  '&#x3c;b&#x3e;',
];

describe('rendered mails', () => {
  it.each([
    'https://evil.example/verify',
    'https://app.example.com.evil.example/verify',
    'https://app.example.com@evil.example/verify',
    '//evil.example/verify',
    'javascript:alert(1)',
    'http://app.example.com/verify',
    'https://app.example.com/verify\r\nhttps://evil.example',
    '',
  ])('EM-1 ADV-1 refuses a link that does not lead to APP_URL: %j', async (strange) => {
    await expect(
      renderEmail({ ...samples['verify-email'], link: strange }, options),
    ).rejects.toThrow('APP_URL');
    await expect(
      renderEmail({ ...samples['already-registered'], resetLink: strange }, options),
    ).rejects.toThrow('APP_URL');
  });

  it.each(['', '12345', 'abcdef', '042719\n1', '042 719', '<b>'])(
    'refuses %j as a code',
    async (strange) => {
      await expect(
        renderEmail({ ...samples['login-code'], code: strange }, options),
      ).rejects.toThrow();
    },
  );

  it.each(hostile)('EM-3 ADV-20 shows %j as text and not as markup', async (words) => {
    for (const content of [
      { ...samples['verify-email'], name: words },
      { ...samples['already-registered'], name: words },
      { ...samples['refresh-reused'], device: words },
    ]) {
      const { html, text } = await renderEmail(content, options);
      expect(tagsOf(html)).toEqual(
        tagsOf((await renderEmail(samples[content.template], options)).html),
      );
      expect(text).toContain(words);
    }
  });

  it.each(['http://evil', 'www.evil.example', 'evil.com', 'You won: evil.com', 'a@evil.example'])(
    'EM-3 shows no address for the name %j',
    async (name) => {
      for (const template of ['verify-email', 'already-registered'] as const) {
        const { html, text } = await renderEmail({ ...samples[template], name }, options);
        expect(html + text).not.toContain('evil');
        expect(text).toMatch(/^Hello,\n/);
      }
    },
  );

  it('EM-3 keeps a name on its line, so that it cannot fake a code in the text', async () => {
    const { text } = await renderEmail(
      { ...samples['verify-email'], name: 'Ada\r\n\r\n999999\r\n\r\n' },
      options,
    );
    expect(codeLines(text)).toEqual([code]);
  });

  it('EM-3 shows a network address only where it is one', async () => {
    const { html, text } = await renderEmail(
      { ...samples['refresh-reused'], ipAddress: 'see evil.example', device: null },
      options,
    );
    expect(html + text).not.toContain('evil');
    expect(text).not.toContain('Network');
    expect(text).not.toContain('Device');
  });

  it.each(
    localeTags.flatMap((locale) => Object.values(samples).map((content) => ({ locale, content }))),
  )(
    'EM-4 EM-6 RC-8 $content.template in $locale: constant subject, no remote content, both parts',
    async ({ locale, content }) => {
      const { subject, html, text } = await renderEmail(content, { ...options, locale });
      expect(subject).not.toMatch(/[0-9{}]|Ada|Firefox/);
      expect(html).toContain(`<html lang="${locale}" dir="${locales[locale].direction}">`);
      expect(html).not.toMatch(/<(?:img|script|link|iframe|object|form|svg|base)\b/i);
      expect(html).not.toMatch(/url\(|@import|src=|http-equiv|\son\w+=/i);
      const addresses = [...`${html} ${text}`.matchAll(/\w+:\/\/[^\s"<]+/g)].map(([address]) =>
        address.replaceAll('&amp;', '&'),
      );
      const ours = Object.values(content).filter((value) => value?.startsWith('https://'));
      expect(new Set(addresses)).toEqual(new Set(ours));
      expect(codeLines(text)).toEqual('code' in content ? [code] : []);
      expect(text).not.toMatch(/\{\{|\{%|undefined|null/);
      expect(text).toMatch(disclaimers[locale]);
      // When, from which device, and from which network: never the whole address.
      if (!('at' in content)) return;
      expect(text).toContain('2026');
      if ('device' in content)
        expect(text).toContain(locale === 'en' ? 'Firefox on Linux' : 'Firefox (Linux)');
      expect(text).not.toContain('203.0.113.7');
      if ('ipAddress' in content) expect(text).toContain('203.0.113.0/24');
    },
  );

  it.each(
    localeTags.flatMap((locale) =>
      ['Acme & Co, Inc.', 'Example.com', 'אקמה', '<b>A</b>'].map((name) => [locale, name] as const),
    ),
  )('X-51 say in %s that they are from %s, and nowhere Latchkey', async (locale, name) => {
    for (const content of Object.values(samples)) {
      const { subject, text, html } = await renderEmail(content, {
        ...options,
        locale,
        productName: name,
      });
      expect(text.endsWith(`-- \n${name}\n`)).toBe(true);
      expect(html).toContain(
        name.replace('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
      );
      expect(html).not.toContain('<b>');
      expect(`${subject}${text}${html}`).not.toMatch(/latchkey/i);
    }
  });

  it.each(localeTags.filter((tag) => tag !== 'en'))(
    'has in %s everything that it has in English',
    async (locale) => {
      for (const content of Object.values(samples)) {
        const ours = await renderEmail(content, options);
        const theirs = await renderEmail(content, { ...options, locale });
        expect(theirs.subject).not.toBe(ours.subject);
        expect(theirs.text.split('\n\n').length).toBe(ours.text.split('\n\n').length);
        expect(theirs.text.split('\n').length).toBe(ours.text.split('\n').length);
      }
    },
  );

  it('isolates values of another writing direction', async () => {
    const { text: arabic } = await renderEmail(samples['new-device'], { ...options, locale: 'ar' });
    expect(arabic).toContain('\u2068Firefox (Linux)\u2069');
    expect(arabic).toContain('\u2068203.0.113.0/24\u2069');
    const { text: english } = await renderEmail(
      { ...samples['verify-email'], name: 'ليلى' },
      options,
    );
    expect(english).toMatch(/^Hello \u2068ليلى\u2069,\n/);
    expect((await renderEmail(samples['verify-email'], options)).text).toMatch(/^Hello Ada,\n/);
  });

  it('contract: verify-email states what happened and what not to do', async () => {
    const { text } = await renderEmail(samples['verify-email'], options);
    expect(text).toContain('Someone registered at Latchkey with this email address.');
    expect(text).toContain('If that was not you, do not use the code');
    expect(text).toContain(`\n${link}\n`);
    expect(link).toMatch(/^https:\/\/app\.example\.com\/verify#token=[\w-]+$/);
  });

  it.each(localeTags)(
    'PK-8 PK-6 name the passkey in %s that was added, removed or refused',
    async (locale) => {
      for (const template of ['passkey-added', 'passkey-removed', 'passkey-suspect'] as const) {
        const { text } = await renderEmail(samples[template], { ...options, locale });
        expect(text).toContain('Blue key');
        const hostile = { ...samples[template], passkey: 'See evil.com' };
        const { html, text: unnamed } = await renderEmail(hostile, { ...options, locale });
        expect(html + unnamed).not.toContain('evil');
        expect(unnamed.split('\n').length).toBe(text.split('\n').length - 1);
      }
    },
  );

  it.each(localeTags)(
    'PK-19 say in %s with a new password how many passkeys still work, where there are any',
    async (locale) => {
      for (const template of ['password-changed', 'password-reset-done'] as const) {
        const { text } = await renderEmail(samples[template], { ...options, locale });
        const content = { ...samples[template], passkeys: null };
        const { text: without } = await renderEmail(content, { ...options, locale });
        const [told, ...others] = text.split('\n\n').filter((part) => !without.includes(part));
        expect(told).toMatch(/\b2\b/);
        expect(others).toEqual([]);
      }
    },
  );

  it.each(localeTags)(
    'ID-9 say in %s with a new password how many linked accounts still sign in, where any do',
    async (locale) => {
      for (const template of ['password-changed', 'password-reset-done'] as const) {
        const { text } = await renderEmail(samples[template], { ...options, locale });
        const content = { ...samples[template], identities: null };
        const { text: without } = await renderEmail(content, { ...options, locale });
        const [told, ...others] = text.split('\n\n').filter((part) => !without.includes(part));
        expect(told).toMatch(/\b3\b/);
        expect(others).toEqual([]);
      }
    },
  );

  it('refuses content that does not fit its template', async () => {
    const { name: _name, code: _code, ...rest } = samples['verify-email'];
    await expect(renderEmail(JSON.parse(JSON.stringify(rest)), options)).rejects.toThrow();
  });

  it('has a file for every mail in every language, and uses the nearest language', async () => {
    const templates = emailContent.options
      .map((option) => `${option.shape.template.value}.liquid`)
      .sort();
    for (const locale of localeTags) {
      expect((await readdir(new URL(`./templates/${locale}/`, import.meta.url))).sort()).toEqual(
        templates,
      );
    }
    for (const tag of ['en-GB', 'EN', 'en_US', 'tlh', '', null])
      expect(nearestLocale(tag)).toBe('en');
  });
});

function tagsOf(html: string): string[] {
  return [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag);
}

function codeLines(text: string): string[] {
  return text.split('\n').filter((line) => /^\s*[0-9]{6,10}\s*$/.test(line));
}
