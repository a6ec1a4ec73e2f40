import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localeTags } from '../../src/domain/emails/locales.ts';
import { renderEmail } from '../../src/domain/emails/render-email.ts';
import { sampleContents } from '../../src/domain/emails/sample-contents.ts';
import { launchBrowser } from '../../src/testing/browser.ts';

// Pictures of every mail, to be looked at: npx tsx bench/mail-pictures.ts FOLDER
// [MAIL_TEMPLATES_DIR]
const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: mail-pictures.ts FOLDER [MAIL_TEMPLATES_DIR]');
const templatesDirectory = process.argv[3] ?? null;
const appUrl = 'https://app.example.com';
const browser = await launchBrowser();
if (browser === null) throw new Error('There is no Chromium here.');
await mkdir(folder, { recursive: true });
for (const colorScheme of ['light', 'dark'] as const) {
  const context = await browser.newContext({
    colorScheme,
    offline: true,
    viewport: { width: 640, height: 400 },
  });
  const page = await context.newPage();
  for (const locale of localeTags) {
    for (const content of Object.values(sampleContents(appUrl))) {
      const { html, subject, text } = await renderEmail(content, {
        locale,
        appUrl,
        templatesDirectory,
      });
      await page.setContent(html);
      const name = join(folder, `${locale}-${content.template}`);
      await page.screenshot({ path: `${name}-${colorScheme}.png`, fullPage: true });
      if (colorScheme === 'light') await writeFile(`${name}.txt`, `${subject}\n\n${text}`);
    }
  }
  await context.close();
}
await browser.close();
