import { BlockList, isIP } from 'node:net';
import type { Network } from '../../context.ts';
import { shortenAddress } from '../../domain/origins/shorten-address.ts';

/** TRUSTED_PROXIES, read once at start. */
export type TrustedProxies = { has(address: string): boolean };

/**
 * Reads addresses and CIDRs, of either family. Throws, naming the entry by its place, on anything
 * else.
 */
export function trustedProxyList(entries: readonly string[]): TrustedProxies {
  const list = new BlockList();
  entries.forEach((entry, index) => {
    const [text = '', bits, ...rest] = entry.trim().split('/');
    const address = canonicalAddress(text);
    const mapped = address?.includes(':') === false && text.includes(':');
    const length = bits === undefined ? undefined : Number(bits) - (mapped ? 96 : 0);
    const widest = address?.includes(':') ? 128 : 32;
    const lengthIsRight =
      bits === undefined ||
      (/^\d{1,3}$/.test(bits) && length !== undefined && length >= 0 && length <= widest);
    if (address === null || rest.length > 0 || !lengthIsRight) {
      throw new Error(`TRUSTED_PROXIES: entry ${index + 1} is neither an IP address nor a CIDR.`);
    }
    list.addSubnet(address, length ?? widest, familyOf(address));
  });
  return { has: (address) => list.check(address, familyOf(address)) };
}

export type ClientAddressInput = {
  /** `socket.remoteAddress`; undefined once the peer has gone, and on a Unix socket. */
  readonly socketAddress: string | undefined;
  /** X-Forwarded-For, its lines joined by commas as Node does. */
  readonly forwardedFor: string | undefined;
  readonly trustedProxies: TrustedProxies;
};

/**
 * The address that a request came from, in one canonical spelling: the socket's, or, where that is
 * a trusted proxy's, the right-most address in X-Forwarded-For that is not (RL-5). `unknown`
 * without a socket.
 */
export function clientAddress(input: ClientAddressInput): string {
  let client = canonicalAddress(input.socketAddress ?? '');
  if (client === null) return 'unknown';
  const hops = input.forwardedFor?.split(',') ?? [];
  // SECURITY: from right to left, as each proxy appends. What stands left of an untrusted hop is
  // the client's own invention.
  while (input.trustedProxies.has(client)) {
    const hop = canonicalAddress(withoutPort(hops.pop() ?? ''));
    // A proxy that writes nonsense says nothing: it stays the last one that we know.
    if (hop === null) break;
    client = hop;
  }
  return client;
}

/**
 * The networks under which attempts from an address are counted at once, the narrowest first: an
 * IPv4 address and its /24; of an IPv6 address the /64, since a whole /64 is one customer's, the
 * /56 of a home line and the /48 of a site (RL-2, ADV-6). Anything else shares one network.
 */
export function clientNetworks(address: string): readonly Network[] {
  const canonical = canonicalAddress(address);
  // Named as sessions name it, so that an owner's network is recognized.
  const widest = canonical === null ? null : shortenAddress(canonical);
  if (canonical === null || widest === null) return [{ name: 'unknown', times: 1 }];
  if (!canonical.includes(':')) {
    return [
      { name: canonical, times: 1 },
      { name: widest, times: 4 },
    ];
  }
  const groups = leadingGroups(canonical);
  const last = Number.parseInt(groups[3] ?? '0', 16);
  const home = [...groups.slice(0, 3), (last & 0xff00).toString(16)];
  return [
    { name: `${groups.join(':')}::/64`, times: 1 },
    { name: `${home.join(':')}::/56`, times: 2 },
    { name: widest, times: 4 },
  ];
}

/** The first four groups of an IPv6 address in its canonical spelling. */
function leadingGroups(canonical: string): string[] {
  const [left = '', right] = canonical.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros =
    right === undefined ? [] : new Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].slice(0, 4);
}

/**
 * One spelling per address: RFC 5952 for IPv6, dotted IPv4 for IPv4 mapped into it (RFC 4291
 * section 2.5.5.2), no zone.
 */
function canonicalAddress(text: string): string | null {
  const [address = ''] = text.trim().split('%');
  const version = isIP(address);
  if (version === 0) return null;
  if (version === 4) return address;
  const compressed = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(compressed);
  if (mapped === null) return compressed;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Some proxies append the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(hop.trim());
  return match?.[1] ?? match?.[2] ?? hop;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
