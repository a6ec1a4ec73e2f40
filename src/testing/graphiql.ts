import type { Browser, Page, Response } from 'playwright-core';

export type OpenGraphiql = {
  readonly page: Page;
  /**
   * Problems in the page so far: console errors, violations of its Content-Security-Policy, failed
   * downloads, and requests to other hosts.
   */
  readonly problems: readonly string[];
  /** The text of the tab that is open. */
  text(): Promise<string>;
  /** Changes the text of the tab that is open. */
  edit(change: (query: string) => string): Promise<void>;
  /** Runs an operation of the open tab; resolves to the answer once the page shows it. */
  run(operation: string): Promise<unknown>;
};

/** Opens the GraphiQL page of a server and waits until it is usable. */
export async function openGraphiql(
  browser: Pick<Browser, 'newPage'>,
  baseUrl: string,
): Promise<OpenGraphiql> {
  const page = await browser.newPage();
  await page.setViewportSize({ width: 1280, height: 900 });
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

  const schema = page.waitForResponse(answers('IntrospectionQuery'));
  await page.goto(`${baseUrl}/graphiql`, { waitUntil: 'load' });
  await schema;
  const lines = page.locator('.graphiql-query-editor .view-line');
  await lines.first().waitFor();

  // The editor draws the lines in view alone; GraphiQL keeps the whole text.
  const text = (): Promise<string> =>
    page.evaluate(`(({ tabs, activeTabIndex }) => tabs[activeTabIndex].query)(
      JSON.parse(sessionStorage['graphiql:tabState']),
    )`);

  return {
    page,
    problems,
    text,
    edit: async (change) => {
      const changed = change(await text());
      await lines.first().click();
      await page.keyboard.press('ControlOrMeta+A');
      await page.keyboard.insertText(changed);
    },
    run: async (operation) => {
      const answered = page.waitForResponse(answers(operation));
      await page.locator('.graphiql-execute-button').click();
      await page.getByRole('menuitem', { name: operation, exact: true }).click();
      const answer: unknown = await (await answered).json();
      await page.locator('.graphiql-response .view-line').first().getByText('{').waitFor();
      return answer;
    },
  };
}

function answers(operation: string): (response: Response) => boolean {
  return (response) =>
    new URL(response.url()).pathname === '/graphql' &&
    response.request().postDataJSON().operationName === operation;
}
