/**
 * What the pages of development have beside the sheet of all pages: more room, a way between them,
 * and the mails.
 */
export const toolsSheet = `
.tools {
  grid-template: auto 1fr / minmax(0, 1fr);
}
.tools :is(header, main) {
  max-width: 54rem;
}
.tools main {
  padding: 0 1.25rem;
  background: none;
  border: 0;
}
.tools header nav {
  display: flex;
  flex-wrap: wrap;
  gap: 0.25rem;
  margin-inline: auto -0.75rem;
}
.tools .actions > * {
  flex: none;
}
.tools header a:not(.brand) {
  display: flex;
  align-items: center;
  min-height: 2.75rem;
  padding: 0.25rem 0.75rem;
  border-radius: var(--radius);
  color: inherit;
}
code,
pre,
.code {
  font-family: ui-monospace, Menlo, Consolas, "Liberation Mono", monospace;
}
pre {
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  font-size: 0.875rem;
}
.sheet {
  margin: 1rem 0;
  padding: 1.125rem 1.25rem;
  background: var(--sheet);
  border: 1px solid var(--rule);
  border-radius: calc(var(--radius) * 1.5);
}
.rows.sheet {
  padding-block: 0.25rem;
}
.steps {
  margin: 1rem 0;
  padding: 0;
  list-style: none;
  counter-reset: step;
}
.steps > li {
  counter-increment: step;
}
.sheet > h2:first-child {
  margin-top: 0;
}
.steps h2::before {
  content: counter(step) ". ";
}
.meta {
  color: var(--quiet);
  font-size: 0.9375rem;
}
.copied {
  display: flex;
  align-items: center;
  gap: 0.625rem;
}
.code {
  padding: 0.5rem 0.625rem 0.5rem 0.75rem;
  background: var(--wash);
  border-radius: var(--radius);
  color: var(--accent);
  font-size: 1.375rem;
  font-weight: 600;
  letter-spacing: 0.09em;
  line-height: 1;
  user-select: all;
  cursor: copy;
}
.large .code {
  font-size: 2.25rem;
}
.silent {
  display: none;
}
.unreachable .silent {
  display: inline;
}
dl {
  display: grid;
  grid-template-columns: auto 1fr;
  gap: 0.125rem 1rem;
  margin: 0.75rem 0 1.5rem;
}
dt {
  color: var(--quiet);
}
dd {
  margin: 0;
  overflow-wrap: anywhere;
}
iframe {
  display: block;
  width: 100%;
  height: 36rem;
  resize: vertical;
  background: var(--sheet);
  border: 1px solid var(--rule);
  border-radius: calc(var(--radius) * 1.5);
}
@media (max-width: 30rem) {
  .tools header .meta {
    display: none;
  }
  .tools header nav {
    margin-inline: -0.75rem;
  }
}
`;
