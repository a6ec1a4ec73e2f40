import { BlockList, isIP } from 'node:net';

/**
 * Addresses outside the public internet (IANA's special-purpose registries, RFC 6890), and public
 * ones that clouds use for services to their own machines.
 */
const special = {
  ipv4: [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    // Shared by carriers (RFC 6598); includes a metadata service of Alibaba.
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    // Link-local, with the metadata services of most clouds.
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.31.196.0', 24],
    ['192.52.193.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['192.175.48.0', 24],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
    // Azure's metadata and DNS.
    ['168.63.129.16', 32],
  ],
  ipv6: [
    // Teredo, ORCHID and other protocol assignments.
    ['2001::', 23],
    ['2001:db8::', 32],
    // 6to4: contains an IPv4 address, perhaps a private one.
    ['2002::', 16],
    ['2620:4f:8000::', 48],
    ['3fff::', 20],
  ],
} as const;

const refused = new BlockList();
for (const [address, bits] of special.ipv4) refused.addSubnet(address, bits, 'ipv4');
for (const [address, bits] of special.ipv6) refused.addSubnet(address, bits, 'ipv6');

/**
 * All global unicast IPv6 (RFC 4291). Outside it are ::1, private, link-local and multicast
 * addresses, and the forms that contain an IPv4 address: mapped, compatible, NAT64.
 */
const global = new BlockList();
global.addSubnet('2000::', 3, 'ipv6');

const loopback = { ipv4: new BlockList(), ipv6: new BlockList() };
loopback.ipv4.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.ipv6.addAddress('::1', 'ipv6');

/** Whether an address in its usual form is on the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !refused.check(address, 'ipv4');
  // A zone names an interface of this machine.
  if (isIP(address) !== 6 || address.includes('%')) return false;
  return global.check(address, 'ipv6') && !refused.check(address, 'ipv6');
}

/** Whether an address is this machine's own. */
export function isLoopbackAddress(address: string): boolean {
  if (isIP(address) === 4) return loopback.ipv4.check(address, 'ipv4');
  return isIP(address) === 6 && !address.includes('%') && loopback.ipv6.check(address, 'ipv6');
}
