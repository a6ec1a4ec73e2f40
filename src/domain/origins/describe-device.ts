import Bowser from 'bowser';

/** A cache of recent descriptions: a sign-in asks for its own three times, and most are alike. */
const lately = new Map<string, string | null>();
const mostKept = 500;
/** In characters; no browser sends a longer one, so it is not cached. */
const longestKept = 512;

/** `Firefox on Linux`, from a User-Agent; null where it names nothing known. */
export function describeDevice(userAgent: string | null): string | null {
  if (!userAgent) return null;
  const known = lately.get(userAgent);
  if (known !== undefined) return known;
  const device = parse(userAgent);
  if (userAgent.length <= longestKept) keep(userAgent, device);
  return device;
}

function keep(userAgent: string, device: string | null): void {
  const [oldest] = lately.keys();
  if (lately.size >= mostKept && oldest !== undefined) lately.delete(oldest);
  lately.set(userAgent, device);
}

function parse(userAgent: string): string | null {
  const { browser, os } = Bowser.parse(userAgent);
  if (browser.name && os.name) return `${browser.name} on ${os.name}`;
  // Unknown names are empty.
  return browser.name || os.name || null;
}
