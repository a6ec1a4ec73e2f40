import { html } from '../../markup.ts';
import type { Messages } from '../messages/messages.ts';
import type { View } from '../page.ts';

/** Where no page can be shown: what went wrong, and a way back. */
export function errorView(t: Messages, code: string): View {
  const texts: Readonly<Record<string, string>> = t.refusals;
  const text = texts[code] ?? t.refusals.INTERNAL_SERVER_ERROR;
  return {
    title: t.problem,
    body: html`<p role="alert">${text}</p><p><a href="/account">${t.home.title}</a></p>`,
  };
}
