import { isIP } from 'node:net';

/**
 * Where a session began, near enough for its owner to know it again and no nearer (SE-12): an IPv4 address without its last
 * byte, an IPv6 address's /48. Null where there is no address.
 */
export function coarseAddress(address: string | null): string | null {
  if (address === null) return null;
  const version = isIP(address);
  if (version === 4) return address.replace(/\d+$/, '0');
  if (version !== 6) return null;
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  // `::` stands for as many zeros as are missing: of the first three groups, all those that are not in front of it.
  const groups = [...head, ...(right === undefined ? [] : ['0', '0', '0'])].slice(0, 3);
  return new URL(`http://[${groups.join(':')}::]`).hostname.slice(1, -1);
}
