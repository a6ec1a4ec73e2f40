import type { Colours, PagesTheme } from '../../../config/pages-theme.ts';

/**
 * The one style sheet of all pages, without the space that only its readers need. Colours and
 * corners are custom properties, which the theme sets.
 */
export function styleSheet(theme: PagesTheme): string {
  return smaller(colourSheet(theme) + sheet);
}

/** The colours and corners alone, for pages with a sheet of their own. */
export function colourSheet({ light, dark, radius }: PagesTheme): string {
  return `:root {
  color-scheme: light dark;
  --radius: ${radius / 16}rem;
  ${properties(light)}
}
@media (prefers-color-scheme: dark) {
  :root {
    ${properties(dark)}
  }
}
`;
}

export function smaller(css: string): string {
  return css
    .replaceAll(/\n\s*/g, '')
    .replaceAll(/([:,]) /g, '$1')
    .replaceAll(/ ([{>]) ?/g, '$1')
    .replaceAll(';}', '}')
    .replaceAll(/(?<=[ :-])0\./g, '.');
}

const names: Readonly<Record<keyof Colours, string>> = {
  background: 'ground',
  sheet: 'sheet',
  text: 'ink',
  quietText: 'quiet',
  fieldBorder: 'line',
  divider: 'rule',
  accent: 'accent',
  onAccent: 'on-accent',
  highlight: 'wash',
  bad: 'bad',
  badBackground: 'bad-wash',
  good: 'good',
  goodBackground: 'good-wash',
};

function properties(colours: Colours): string {
  return Object.entries(names)
    .map(([member, name]) => `--${name}: ${colours[member as keyof Colours]};`)
    .join('\n');
}

const sheet = `
:root {
  font:
    100% / 1.5 system-ui,
    sans-serif;
}
* {
  box-sizing: border-box;
}
html {
  height: 100%;
}
body {
  margin: 0;
  min-height: 100%;
  display: grid;
  grid-template: auto 1fr auto / minmax(0, 1fr);
  background: var(--ground);
  color: var(--ink);
}
.skip {
  position: absolute;
  inset-inline-start: 1rem;
  top: -5rem;
  background: var(--sheet);
  padding: 0.5rem 1rem;
}
.skip:focus {
  top: 0.5rem;
}
header {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: 0.5rem 1.25rem;
  padding: 1rem 1.25rem;
  max-width: 60rem;
  width: 100%;
  margin: auto;
}
.brand {
  display: flex;
  align-items: center;
  gap: 0.5rem;
  color: inherit;
  font-weight: 650;
  text-decoration: none;
  letter-spacing: -0.01em;
  min-height: 2.75rem;
}
.brand :is(svg, img) {
  height: 1.75rem;
  width: auto;
  color: var(--accent);
}
.who,
.or {
  display: flex;
  align-items: center;
  gap: 0.75rem;
  min-width: 0;
  max-width: 100%;
}
.who button {
  white-space: nowrap;
}
.who bdi {
  overflow-wrap: anywhere;
  min-width: 0;
  color: var(--quiet);
  font-size: 0.9375rem;
}
main {
  width: 100%;
  max-width: 26rem;
  margin: 1rem auto 2rem;
  padding: 1.75rem 1.5rem;
  background: var(--sheet);
  border: 1px solid var(--rule);
  border-radius: calc(var(--radius) * 1.5);
  align-self: start;
}
main:focus {
  outline: 0;
}
h1 {
  margin: 0 0 1rem;
  font-size: 1.5rem;
  line-height: 1.25;
  letter-spacing: -0.015em;
  overflow-wrap: anywhere;
}
h2 {
  margin: 2rem 0 0.5rem;
  font-size: 1.0625rem;
}
p {
  margin: 0.5rem 0 1rem;
  overflow-wrap: anywhere;
}
a {
  color: var(--accent);
  text-underline-offset: 0.15em;
}
:focus-visible {
  outline: 3px solid var(--accent);
  outline-offset: 2px;
  border-radius: 3px;
}
.field {
  margin: 0 0 1.125rem;
}
label {
  display: block;
  font-weight: 600;
  margin-bottom: 0.3125rem;
}
small {
  font-weight: 400;
  color: var(--quiet);
  font-size: 0.875rem;
}
input,
select,
button,
.button {
  font: inherit;
  border-radius: var(--radius);
  min-height: 2.75rem;
  max-width: 100%;
}
input,
select {
  width: 100%;
  padding: 0.5rem 0.75rem;
  color: inherit;
  background: var(--sheet);
  border: 1px solid var(--line);
}
.notice ul {
  margin: 0.25rem 0 0;
  padding-inline-start: 1.25rem;
}
.notice.bad a {
  color: inherit;
}
[dir="ltr"] {
  text-align: start;
}
[dir="rtl"] input[dir="ltr"] {
  text-align: end;
}
[aria-invalid] {
  border: 2px solid var(--bad);
}
.hint,
.aside,
.or {
  color: var(--quiet);
  font-size: 0.9375rem;
}
.hint {
  margin: 0.375rem 0 0;
}
.hint:empty {
  margin: 0;
}
.hint + form {
  margin-top: 1.125rem;
}
.moment {
  margin: 0;
}
.moment:not(:empty) {
  position: fixed;
  inset: auto 0 0;
  padding: 0.75rem;
  text-align: center;
  background: var(--wash);
}
[data-short] {
  min-height: 1.5em;
}
.problem {
  color: var(--bad);
  margin: 0.375rem 0 0;
  font-weight: 600;
  font-size: 0.9375rem;
}
.notice {
  padding: 0.75rem 1rem;
  border-radius: var(--radius);
  border-inline-start: 4px solid;
}
.bad {
  color: var(--bad);
  background: var(--bad-wash);
}
.good {
  color: var(--good);
  background: var(--good-wash);
}
.tag {
  padding: 0 0.375rem;
  border-radius: 3px;
}
.actions {
  display: flex;
  flex-wrap: wrap;
  gap: 0.75rem;
  margin-top: 1.25rem;
}
[data-webauthn] .actions {
  margin-top: 0.75rem;
}
[data-webauthn] button {
  flex: 1;
}
button,
.button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  padding: 0.5rem 1.125rem;
  font-weight: 600;
  cursor: pointer;
  text-decoration: none;
  text-align: center;
  border: 1px solid var(--line);
  background: var(--sheet);
  color: var(--ink);
}
.main {
  background: var(--accent);
  border-color: var(--accent);
  color: var(--on-accent);
  flex: 1 1 auto;
}
.danger {
  background: var(--bad);
  border-color: var(--bad);
  color: var(--sheet);
}
.quiet {
  font-weight: 500;
}
button:hover,
.button:hover {
  filter: brightness(1.08);
}
:disabled {
  opacity: 0.6;
  cursor: default;
}
.or {
  margin-top: 1.25rem;
}
.or::before,
.or::after {
  content: "";
  flex: 1;
}
.or::before,
.or::after,
.aside,
.rows > * {
  border-top: 1px solid var(--rule);
}
.providers {
  display: grid;
  gap: 0.75rem;
  max-width: 23rem;
}
.providers button {
  position: relative;
  padding-inline: 3rem;
}
main svg {
  width: 1.25rem;
  margin-inline-end: 0.5rem;
  vertical-align: -0.25rem;
}
.providers svg {
  position: absolute;
  inset-inline-start: 1rem;
}
.aside {
  margin-top: 1.5rem;
  padding-top: 1.125rem;
}
.account {
  grid-template: auto auto 1fr auto / minmax(0, 1fr);
}
.sections ul {
  display: flex;
  flex-wrap: wrap;
  gap: 0.25rem;
  list-style: none;
  margin: 0;
  padding: 0 1.25rem;
}
.sections a {
  display: flex;
  align-items: center;
  min-height: 2.75rem;
  padding: 0.25rem 0.75rem;
  border-radius: var(--radius);
  color: inherit;
  text-decoration: none;
}
.sections a:hover {
  background: var(--wash);
}
[aria-current="page"] {
  background: var(--wash);
  font-weight: 650;
}
.account main {
  max-width: 40rem;
}
.rows {
  list-style: none;
  margin: 0;
  padding: 0;
}
.rows > * {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: 0.5rem 1rem;
  padding: 0.875rem 0;
}
.rows > :first-child {
  border-top: 0;
}
.rows p {
  margin: 0;
}
.rows > * > :first-child {
  flex: 1 1 12rem;
  min-width: 0;
  overflow-wrap: anywhere;
}
.codes {
  columns: 2 9rem;
  font:
    1.0625rem / 2 ui-monospace,
    monospace;
  padding-inline-start: 0;
  list-style: none;
}
.key {
  font:
    1rem / 1.6 ui-monospace,
    monospace;
  overflow-wrap: anywhere;
  user-select: all;
}
.qr {
  display: block;
  width: 13rem;
  max-width: 100%;
  height: auto;
  background: #fff;
  border-radius: var(--radius);
  margin: 1rem 0;
}
footer {
  padding: 1rem 1.25rem 1.5rem;
  font-size: 0.9375rem;
}
footer nav {
  display: flex;
  flex-wrap: wrap;
  justify-content: center;
  gap: 0.25rem 0.5rem;
}
footer :is(a, span) {
  padding: 0.25rem 0.375rem;
  min-height: 1.5rem;
}
[hidden] {
  display: none !important;
}
@media (min-width: 48rem) {
  .account {
    grid-template: auto 1fr auto / minmax(0, 14rem) minmax(0, 46rem);
    justify-content: center;
  }
  .account :is(header, footer) {
    grid-column: 1 / -1;
  }
  .account .sections ul {
    flex-direction: column;
    padding-top: 1rem;
  }
  .account main {
    width: auto;
    margin-block: 1rem 2rem;
    margin-inline: 0 1.25rem;
    max-width: none;
    padding: 2rem;
  }
}
@media (max-width: 30rem) {
  main {
    border-inline: 0;
    border-radius: 0;
    margin-top: 0.5rem;
    padding: 1.5rem 1.25rem;
  }
}
@media (prefers-reduced-motion: no-preference) {
  button,
  .button {
    transition: filter 0.15s;
  }
}
@media (forced-colors: active) {
  .notice,
  .problem {
    border: 1px solid;
  }
}
`;
