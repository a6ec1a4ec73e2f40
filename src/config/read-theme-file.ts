import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import {
  type Colours,
  contrastProblems,
  type Logo,
  ownTheme,
  type PagesTheme,
} from './pages-theme.ts';
import type { Reader } from './readers.ts';

/** Bytes of a logo: it is part of a page's first load. */
const logoLimit = 20_000;
/** Bytes of the file itself. */
const fileLimit = 100_000;

// SECURITY: what stands here becomes part of a style sheet, so nothing but a colour may.
const colour = z
  .string({ error: 'must be a colour such as #7a5000' })
  .regex(/^#(?:[0-9a-f]{3}){1,2}$/i, { error: 'must be a colour such as #7a5000' })
  .transform((text) => (text.length === 4 ? text.replace(/[^#]/g, '$&$&') : text).toLowerCase());

const colours = z
  .strictObject(
    Object.fromEntries(Object.keys(ownTheme.light).map((name) => [name, colour.optional()])),
    { error: ({ code }) => (code === 'invalid_type' ? 'must be an object of colours' : undefined) },
  )
  .optional();

const radius = { error: 'must be a number of pixels from 0 to 24' };

const file = z.strictObject(
  {
    light: colours,
    dark: colours,
    radius: z.number(radius).min(0, radius).max(24, radius).optional(),
    logo: z
      .string({ error: 'must be the name of an SVG or PNG file' })
      .regex(/^[\w-][\w .-]*\.(?:svg|png)$/i, {
        error: 'must name an SVG or PNG file in the folder of this file',
      })
      .optional(),
  },
  { error: ({ code }) => (code === 'invalid_type' ? 'must hold an object' : undefined) },
);

/**
 * The theme in a JSON file; what it leaves out is ours. Every problem is an issue of its own, by
 * member and rule.
 */
export const themeFile: Reader<PagesTheme> = z.string().transform((path, context) => {
  const problems: string[] = [];
  const theme = readTheme(path, (problem) => problems.push(problem));
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return theme;
});

type Refuse = (problem: string) => void;

function readTheme(path: string, refuse: Refuse): PagesTheme {
  const parsed = file.safeParse(readJson(path, refuse));
  if (!parsed.success) {
    for (const problem of parsed.error.issues.flatMap(inWords)) refuse(problem);
    return ownTheme;
  }
  const { light, dark, radius: given, logo } = parsed.data;
  const theme = {
    light: { ...ownTheme.light, ...(light as Partial<Colours>) },
    dark: { ...ownTheme.dark, ...(dark as Partial<Colours>) },
    radius: given ?? ownTheme.radius,
    logo: logo === undefined ? null : readLogo(join(dirname(path), logo), refuse),
  };
  for (const problem of contrastProblems(theme)) refuse(problem);
  return theme;
}

/** An empty theme for what is no JSON, which is refused. */
function readJson(path: string, refuse: Refuse): unknown {
  const bytes = readBytes(path);
  if (bytes === null) refuse('names a file that cannot be read');
  else if (bytes.length > fileLimit) refuse('names a file that is too large for a theme');
  else {
    try {
      return JSON.parse(bytes.toString());
    } catch {
      refuse('names a file that is not JSON');
    }
  }
  return {};
}

function readLogo(path: string, refuse: Refuse): Logo | null {
  const bytes = readBytes(path);
  const isPng = /\.png$/i.test(path);
  if (bytes === null) refuse('logo names a file that cannot be read');
  else if (bytes.length > logoLimit)
    refuse(`logo has ${bytes.length} bytes, and may have ${logoLimit} at most`);
  else if (isPng && !bytes.subarray(0, 8).equals(pngSignature)) refuse('logo is not a PNG file');
  else if (
    !isPng &&
    !/<svg\b[^>]*\sxmlns=["']http:\/\/www\.w3\.org\/2000\/svg["']/.test(`${bytes}`)
  )
    refuse('logo is not an SVG file with xmlns="http://www.w3.org/2000/svg"');
  else return { type: isPng ? 'image/png' : 'image/svg+xml', bytes };
  return null;
}

const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex');

function readBytes(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

function inWords(issue: z.core.$ZodIssue): string[] {
  const place = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return [`${place} ${issue.message}`.trim()];
  return issue.keys.map((key) => {
    const name = /^\w{1,40}$/.test(key) ? key : 'a member';
    return `${place === '' ? '' : `${place}.`}${name} is no member of a theme`;
  });
}
