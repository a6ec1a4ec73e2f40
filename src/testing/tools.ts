import { ownTheme } from '../config/pages-theme.ts';
import type { Tools } from '../http/pages/tools-page.ts';

/** A development server with every page. */
export const allTools: Tools = {
  productName: 'Latchkey',
  pagesTheme: ownTheme,
  pages: true,
  console: true,
  consoleUrl: null,
  graphiql: true,
  mailbox: true,
};
