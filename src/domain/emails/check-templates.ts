import { readdir } from 'node:fs/promises';
import { sep } from 'node:path';
import { type EmailContent, emailContent } from './email-content.ts';
import { layoutPath, templatePath } from './load-template.ts';
import { type Locale, localeTags } from './locales.ts';
import { renderEmail } from './render-email.ts';
import { sampleContents } from './sample-contents.ts';

const appUrl = 'https://app.example.com';

/**
 * Renders every mail that the operator's folder changes, once. Rejects with every problem, by file:
 * an unknown file name, an invalid form, a variable that this mail does not have, a missing code or
 * link. Run when the server starts: otherwise only the recipient waiting for the mail would notice.
 */
export async function checkTemplates(directory: string): Promise<void> {
  const problems: string[] = [];
  const mails = new Map<string, { content: EmailContent; locale: Locale }>();
  const samples = sampleContents(appUrl);
  for (const { shape } of emailContent.options) {
    const template = shape.template.value;
    for (const locale of localeTags)
      mails.set(templatePath({ template, locale }), { content: samples[template], locale });
  }
  const files = (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      `${entry.parentPath}${sep}${entry.name}`
        .slice(directory.length)
        .split(sep)
        .filter(Boolean)
        .join('/'),
    );
  for (const path of files.filter((name) => name !== layoutPath && !mails.has(name))) {
    problems.push(
      `${path}: no mail has this name; the form is LANGUAGE/MAIL.liquid, or ${layoutPath}`,
    );
  }
  // The layout is part of every mail; one mail with each kind of block is enough to check it.
  const changed = files.includes(layoutPath)
    ? [...mails.keys()]
    : files.filter((name) => mails.has(name));
  for (const path of changed) {
    const mail = mails.get(path);
    const problem = mail ? await problemOf(mail, directory) : null;
    if (problem !== null) problems.push(`${path}: ${problem}`);
  }
  if (problems.length > 0)
    throw new Error(`MAIL_TEMPLATES_DIR: ${problems.slice(0, 20).join('; ')}`);
}

async function problemOf(
  { content, locale }: { content: EmailContent; locale: Locale },
  templatesDirectory: string,
): Promise<string | null> {
  try {
    const { html, text } = await renderEmail(content, {
      locale,
      appUrl,
      productName: 'Acme, Inc.',
      templatesDirectory,
    });
    for (const needed of whatItIsFor(content)) {
      const escaped = needed.replaceAll('&', '&amp;');
      if (!text.includes(needed) || !html.includes(escaped))
        return 'the code or the link that the mail is for is missing';
    }
    return null;
  } catch (error) {
    return error instanceof Error
      ? (error.message.split('\n')[0] ?? error.name)
      : 'it cannot be rendered';
  }
}

function whatItIsFor(content: EmailContent): string[] {
  if ('code' in content && content.code !== null) return [content.code];
  if ('undoLink' in content) return [content.undoLink];
  return 'link' in content ? [content.link] : [];
}
