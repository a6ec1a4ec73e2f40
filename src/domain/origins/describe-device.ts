import Bowser from 'bowser';

/** Devices described lately: a sign-in asks for its own three times, and most are alike. */
const lately = new Map<string, string | null>();
const mostKept = 500;
/** Characters; what is longer is no browser's, and is not kept. */
const longestKept = 512;

/** `Firefox on Linux`, from a User-Agent; null where it says nothing that is known. */
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
  // Names of what is not known are empty.
  return browser.name || os.name || null;
}
