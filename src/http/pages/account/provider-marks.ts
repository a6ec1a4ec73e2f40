import { html, Markup } from '../markup.ts';

/**
 * The marks of the providers whose rules allow one on a button of an app's own, by the preset: the
 * colours are the provider's. Others, such as Apple and GitLab, take only pictures that they hand
 * out, so their buttons have the name alone.
 */
const shapes: Readonly<Record<string, string>> = {
  google:
    '<path fill="#4285f4" d="M22.56 12.25c0-.78-.07-1.53-.2-2.25H12v4.26h5.92c-.26 1.37-1.04 ' +
    '2.53-2.21 3.31v2.77h3.57c2.08-1.92 3.28-4.74 3.28-8.09z"/><path fill="#34a853" d="M12 ' +
    '23c2.97 0 5.46-.98 7.28-2.66l-3.57-2.77c-.98.66-2.23 1.06-3.71 1.06-2.86 ' +
    '0-5.29-1.93-6.16-4.53H2.18v2.84C3.99 20.53 7.7 23 12 23z"/><path fill="#fbbc05" ' +
    'd="M5.84 14.09c-.22-.66-.35-1.36-.35-2.09s.13-1.43.35-2.09V7.07H2.18C1.43 8.55 1 10.22 ' +
    '1 12s.43 3.45 1.18 4.93l2.85-2.22.81-.62z"/><path fill="#ea4335" d="M12 5.38c1.62 0 ' +
    '3.06.56 4.21 1.64l3.15-3.15C17.45 2.09 14.97 1 12 1 7.7 1 3.99 3.47 2.18 7.07l3.66 ' +
    '2.84c.87-2.6 3.3-4.53 6.16-4.53z"/>',
  microsoft:
    '<path fill="#f25022" d="M1.5 1.5h10v10h-10z"/><path fill="#7fba00" d="M12.5 ' +
    '1.5h10v10h-10z"/><path fill="#00a4ef" d="M1.5 12.5h10v10h-10z"/><path fill="#ffb900" ' +
    'd="M12.5 12.5h10v10h-10z"/>',
  github:
    '<path fill="currentColor" transform="scale(1.5)" d="M8 0c4.42 0 8 3.58 8 8a8.013 8.013 ' +
    '0 0 1-5.45 7.59c-.4.08-.55-.17-.55-.38 0-.27.01-1.13.01-2.2 0-.75-.25-1.23-.54-1.48 ' +
    '1.78-.2 3.65-.88 3.65-3.95 0-.88-.31-1.59-.82-2.15.08-.2.36-1.02-.08-2.12 0 ' +
    '0-.67-.22-2.2.82-.64-.18-1.32-.27-2-.27-.68 0-1.36.09-2 ' +
    '.27-1.53-1.03-2.2-.82-2.2-.82-.44 1.1-.16 1.92-.08 2.12-.51.56-.82 1.28-.82 2.15 0 3.06 ' +
    '1.86 3.75 3.64 3.95-.23.2-.44.55-.51 ' +
    '1.07-.46.21-1.61.55-2.33-.66-.15-.24-.6-.83-1.23-.82-.67.01-.27.38.01.53.34.19.73.9.82 ' +
    '1.13.16.45.68 1.31 2.69.94 0 .67.01 1.3.01 1.49 0 .21-.15.45-.55.38A7.995 7.995 0 0 1 0 ' +
    '8c0-4.42 3.58-8 8-8Z"/>',
  facebook:
    '<circle cx="12" cy="12" r="11.5" fill="#fff"/><path fill="#0866ff" d="M9.101 ' +
    '23.691v-7.98H6.627v-3.667h2.474v-1.58c0-4.085 1.848-5.978 5.858-5.978.401 0 .955.042 ' +
    '1.468.103a8.68 8.68 0 0 1 1.141.195v3.325a8.623 8.623 0 0 0-.653-.036 26.805 26.805 0 0 ' +
    '0-.733-.009c-.707 0-1.259.096-1.675.309a1.686 1.686 0 0 ' +
    '0-.679.622c-.258.42-.374.995-.374 1.752v1.297h3.919l-.386 2.103-.287 ' +
    '1.564h-3.246v8.245C19.396 23.238 24 18.179 24 12.044c0-6.627-5.373-12-12-12s-12 ' +
    '5.373-12 12c0 5.628 3.874 10.35 9.101 11.647Z"/>',
};

/** Beside a name that says the same; nothing where the provider allows none. */
export function markOf(preset: string | null): Markup {
  const shape = preset !== null && Object.hasOwn(shapes, preset) ? shapes[preset] : undefined;
  if (shape === undefined) return html``;
  return new Markup(`<svg viewBox="0 0 24 24" aria-hidden="true">${shape}</svg>`);
}
