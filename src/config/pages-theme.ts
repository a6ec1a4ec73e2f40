/** Colours of one scheme, `#rrggbb` each, by what they are for. */
export type Colours = {
  /** Behind everything. */
  readonly background: string;
  /** Behind a page's own part, and in fields and buttons. */
  readonly sheet: string;
  readonly text: string;
  /** Hints and what stands beside. */
  readonly quietText: string;
  /** Around fields and buttons. */
  readonly fieldBorder: string;
  /** Between rows; carries no meaning. */
  readonly divider: string;
  /** Links, the main button, the ring around what has the focus. */
  readonly accent: string;
  /** On the main button. */
  readonly onAccent: string;
  /** Behind what is chosen. */
  readonly highlight: string;
  readonly bad: string;
  readonly badBackground: string;
  readonly good: string;
  readonly goodBackground: string;
};

export type Logo = {
  readonly type: 'image/svg+xml' | 'image/png';
  readonly bytes: Uint8Array;
};

/** How all pages look (PAGES_THEME_FILE). */
export type PagesTheme = {
  readonly light: Colours;
  readonly dark: Colours;
  /** Of fields and buttons, in CSS pixels. */
  readonly radius: number;
  /** Null: a latchkey. */
  readonly logo: Logo | null;
};

export const ownTheme: PagesTheme = {
  light: {
    background: '#f6f5f2',
    sheet: '#ffffff',
    text: '#1f1d1a',
    quietText: '#635e55',
    fieldBorder: '#8a8478',
    divider: '#e2ded5',
    accent: '#7a5000',
    onAccent: '#ffffff',
    highlight: '#fbf3e0',
    bad: '#a3231a',
    badBackground: '#fdecea',
    good: '#22653a',
    goodBackground: '#e9f5ec',
  },
  dark: {
    background: '#161513',
    sheet: '#201e1b',
    text: '#efece5',
    quietText: '#b3ac9f',
    fieldBorder: '#857e72',
    divider: '#37332d',
    accent: '#e3b457',
    onAccent: '#201a0d',
    highlight: '#2d2617',
    bad: '#ff9c90',
    badBackground: '#3a1d1a',
    good: '#8fd6a5',
    goodBackground: '#1a2e20',
  },
  radius: 8,
  logo: null,
};

/** WCAG 2.2, 1.4.3 for text and 1.4.11 for borders. */
const text = 4.5;
const border = 3;

/**
 * Which colours stand on which. The ring around what has the focus and the border of a field with a
 * problem need 3, and have the accent's and the problem's own 4.5.
 */
const pairs: readonly (readonly [keyof Colours, keyof Colours, number])[] = [
  ['text', 'background', text],
  ['text', 'sheet', text],
  ['text', 'highlight', text],
  ['quietText', 'background', text],
  ['quietText', 'sheet', text],
  ['accent', 'background', text],
  ['accent', 'sheet', text],
  ['accent', 'highlight', text],
  ['onAccent', 'accent', text],
  ['bad', 'sheet', text],
  ['bad', 'badBackground', text],
  ['good', 'goodBackground', text],
  ['fieldBorder', 'background', border],
  ['fieldBorder', 'sheet', border],
];

/** Every pair of a theme with too little contrast, a rule each. */
export function contrastProblems(theme: Pick<PagesTheme, 'light' | 'dark'>): string[] {
  return (['light', 'dark'] as const).flatMap((scheme) =>
    pairs.flatMap(([front, back, least]) => {
      const ratio = contrast(theme[scheme][front], theme[scheme][back]);
      if (ratio >= least) return [];
      // Never rounded up to what it should have been.
      const shown = (Math.floor(ratio * 100) / 100).toFixed(2);
      return [
        `${scheme}.${front} on ${scheme}.${back} has a contrast of ${shown}, ` +
          `and must have ${least} at least`,
      ];
    }),
  );
}

/** From 1 to 21 (WCAG 2.2, contrast ratio). */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
