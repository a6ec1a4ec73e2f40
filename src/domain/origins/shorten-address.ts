import { isIP } from 'node:net';

/**
 * The network of an address: `203.0.113.0/24`, `2001:db8:7::/48`; null for anything that is no
 * address. Enough to distinguish another country from one's own, too little to identify a household
 * (DP-6).
 */
export function shortenAddress(address: string): string | null {
  const version = isIP(address);
  if (version === 4) return `${address.split('.').slice(0, 3).join('.')}.0/24`;
  if (version === 0 || address.includes('%')) return null;
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups = [
    ...head,
    ...new Array<string>(8 - head.length - tail.length).fill('0'),
    ...tail,
  ].slice(0, 3);
  while (groups.at(-1) === '0') groups.pop();
  return `${groups.join(':')}::/48`;
}
