import type { Browser, Page } from 'playwright-core';

export type OpenGraphiql = {
  readonly page: Page;
  /**
   * Problems in the page so far: console errors, violations of its Content-Security-Policy, failed
   * downloads, and requests to other hosts.
   */
  readonly problems: readonly string[];
  /** Opens the tab with that title. */
  openTab(title: string): Promise<void>;
  /** Changes the text in the editor. */
  edit(change: (query: string) => string): Promise<void>;
  /** Presses the run button; resolves to the answer once the page shows it. */
  run(): Promise<unknown>;
};

/** Opens the GraphiQL page of a server and waits until it is usable. */
export async function openGraphiql(browser: Browser, baseUrl: string): Promise<OpenGraphiql> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(?:https?|wss?):$/.test(url.protocol) && url.origin !== baseUrl)
      problems.push(`another host: ${url.origin}`);
  });

  const schema = page.waitForResponse(isGraphql);
  await page.goto(baseUrl, { waitUntil: 'load' });
  await schema;
  const lines = page.locator('.graphiql-query-editor .view-line');
  await lines.first().waitFor();

  return {
    page,
    problems,
    openTab: async (title) => {
      await page.locator('.graphiql-session-header').getByText(title, { exact: true }).click();
      await lines.getByText(title, { exact: true }).waitFor();
    },
    edit: async (change) => {
      // Monaco renders spaces as no-break spaces.
      const query = (await lines.allTextContents()).join('\n').replaceAll('\u00a0', ' ');
      await lines.first().click();
      await page.keyboard.press('ControlOrMeta+A');
      await page.keyboard.insertText(change(query));
    },
    run: async () => {
      const answered = page.waitForResponse(isGraphql);
      await page.locator('.graphiql-execute-button').click();
      const answer: unknown = await (await answered).json();
      await page.locator('.graphiql-response .view-line').first().getByText('{').waitFor();
      return answer;
    },
  };
}

function isGraphql(response: { url(): string }): boolean {
  return new URL(response.url()).pathname === '/graphql';
}
