import Bowser from 'bowser';

/** `Firefox on Linux`, from a User-Agent; null where it says nothing that is known. */
export function describeDevice(userAgent: string | null): string | null {
  if (!userAgent) return null;
  const { browser, os } = Bowser.parse(userAgent);
  if (browser.name && os.name) return `${browser.name} on ${os.name}`;
  // Names of what is not known are empty.
  return browser.name || os.name || null;
}
