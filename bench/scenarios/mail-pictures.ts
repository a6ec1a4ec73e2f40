import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localeTags } from '../../src/domain/emails/locales.ts';
import { renderEmail } from '../../src/domain/emails/render-email.ts';
import { sampleContents } from '../../src/domain/emails/sample-contents.ts';
import { launchBrowser } from '../../src/testing/browser.ts';
import { readOptions, UsageError } from '../shared/options.ts';

const appUrl = 'https://app.example.com';

/** Takes pictures of every mail in every language, light and dark, and writes its text beside. */
export async function run(args: readonly string[]): Promise<void> {
  const { folder, templates } = readOptions(args, { folder: '', templates: '' });
  if (folder === '') throw new UsageError('--folder is where the pictures go');
  const browser = await launchBrowser();
  if (browser === null) throw new UsageError('There is no Chromium on this machine.');
  await mkdir(folder, { recursive: true });
  const templatesDirectory = templates === '' ? null : templates;
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      colorScheme,
      offline: true,
      viewport: { width: 640, height: 400 },
    });
    const page = await context.newPage();
    for (const locale of localeTags) {
      for (const content of Object.values(sampleContents(appUrl))) {
        const productName = 'Latchkey';
        const mail = await renderEmail(content, {
          locale,
          appUrl,
          productName,
          templatesDirectory,
        });
        await page.setContent(mail.html);
        const name = join(folder, `${locale}-${content.template}`);
        await page.screenshot({ path: `${name}-${colorScheme}.png`, fullPage: true });
        if (colorScheme === 'light')
          await writeFile(`${name}.txt`, `${mail.subject}\n\n${mail.text}`);
      }
    }
    await context.close();
  }
  await browser.close();
}
