import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientAddress, clientNetworks, trustedProxyList } from './client-address.ts';

const none = trustedProxyList([]);
const proxies = trustedProxyList(['10.0.0.0/8', '192.0.2.7', '2001:db8:ffff::/48', '::1']);

describe('clientAddress', () => {
  it('RL-5 ADV-54 believes no header without a trusted proxy', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (forwardedFor) => {
        const input = { socketAddress: '203.0.113.9', forwardedFor };
        expect(clientAddress({ ...input, trustedProxies: none })).toBe('203.0.113.9');
        expect(clientAddress({ ...input, trustedProxies: proxies })).toBe('203.0.113.9');
      }),
    );
  });

  it('RL-5 ADV-54 no header moves a client behind a proxy that appends', () => {
    fc.assert(
      fc.property(fc.string(), (invented) => {
        const forwardedFor = `${invented},203.0.113.9`;
        expect(
          clientAddress({ socketAddress: '10.0.0.1', forwardedFor, trustedProxies: proxies }),
        ).toBe('203.0.113.9');
      }),
    );
  });

  it.each([
    ['a client before one proxy', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['a client before two proxies', '10.0.0.1', '203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['what the client invented', '10.0.0.1', '198.51.100.1, 203.0.113.9, 10.2.3.4', '203.0.113.9'],
    ['a proxy invented by the client', '10.0.0.1', '10.9.9.9, 203.0.113.9', '203.0.113.9'],
    ['a call within the trusted network', '10.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['a proxy seen over an IPv6 socket', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['a mapped client', '10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['a mapped client in hexadecimal', '10.0.0.1', '::FFFF:CB00:7109', '203.0.113.9'],
    ['an IPv6 client', '2001:db8:ffff::1', '2001:0DB8:0:1::00ab', '2001:db8:0:1::ab'],
    ['an IPv6 loopback proxy', '::1', '203.0.113.9', '203.0.113.9'],
    ['a port appended', '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['a port appended to IPv6', '10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['brackets', '10.0.0.1', '[2001:db8::1]', '2001:db8::1'],
    ['a zone', '10.0.0.1', 'fe80::1%eth0', 'fe80::1'],
    ['a hop that is malformed', '10.0.0.1', '198.51.100.1, unknown, 10.0.0.2', '10.0.0.2'],
    ['a last hop that is malformed', '10.0.0.1', '198.51.100.1, 1.2.3', '10.0.0.1'],
    ['a hop that is empty', '10.0.0.1', '198.51.100.1, , 10.0.0.2', '10.0.0.2'],
    ['octal digits', '10.0.0.1', '198.51.100.1, 010.0.0.1', '10.0.0.1'],
    ['a name', '10.0.0.1', 'client.example', '10.0.0.1'],
    ['a peer that is gone', undefined, '203.0.113.9', 'unknown'],
  ])('RL-5 finds %s', (_name, socketAddress, forwardedFor, expected) => {
    expect(clientAddress({ socketAddress, forwardedFor, trustedProxies: proxies })).toBe(expected);
  });
});

describe('trustedProxyList', () => {
  it.each([
    'true',
    '*',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '2001:db8::/129',
    '::ffff:10.0.0.0/95',
    '',
  ])('RL-5 refuses %j, without quoting it', (entry) => {
    expect(() => trustedProxyList(['10.0.0.1', entry])).toThrow(
      'TRUSTED_PROXIES: entry 2 is neither an IP address nor a CIDR.',
    );
  });

  it('reads an IPv4 network mapped into IPv6', () => {
    const list = trustedProxyList(['::ffff:10.0.0.0/104', '172.16.0.1']);
    expect(['10.255.0.1', '11.0.0.1', '172.16.0.1', '172.16.0.2', '::1'].map(list.has)).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });
});

const addressBucket = (address: string): string | undefined => clientNetworks(address)[0]?.name;

describe('clientNetworks', () => {
  it.each([
    ['2001:db8:1:2ff::1', ['2001:db8:1:2ff::/64', '2001:db8:1:200::/56', '2001:db8:1::/48']],
    ['2001:DB8:1:00ff::', ['2001:db8:1:ff::/64', '2001:db8:1:0::/56', '2001:db8:1::/48']],
    [
      '2001:db8:1:f3a9:1:2:3:4',
      ['2001:db8:1:f3a9::/64', '2001:db8:1:f300::/56', '2001:db8:1::/48'],
    ],
    ['::1', ['0:0:0:0::/64', '0:0:0:0::/56', '::/48']],
    ['203.0.113.9', ['203.0.113.9', '203.0.113.0/24']],
    ['::ffff:203.0.113.9', ['203.0.113.9', '203.0.113.0/24']],
    ['unknown', ['unknown']],
  ])('X-2 of %s are counted at once', (address, names) => {
    expect(clientNetworks(address).map(({ name }) => name)).toEqual(names);
  });

  it('X-2 have larger limits the wider they are', () => {
    const times = (address: string) => clientNetworks(address).map((network) => network.times);
    expect(times('2001:db8::1')).toEqual([1, 2, 4]);
    expect(times('203.0.113.9')).toEqual([1, 4]);
  });

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['0:0:0:0:0:FFFF:CB00:7109', '203.0.113.9'],
    ['203.0.113.9', '203.0.113.9'],
    ['unknown', 'unknown'],
    ['client.example', 'unknown'],
  ])('ADV-6 counts %s as %s', (address, bucket) => {
    expect(addressBucket(address)).toBe(bucket);
  });

  it('ADV-6 a whole /64 is one bucket in every spelling, and the next /64 another', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const hex = (groups: readonly number[]) => groups.map((n) => n.toString(16)).join(':');
    fc.assert(
      fc.property(
        fc.tuple(group, group, group),
        group,
        fc.array(group, { minLength: 8, maxLength: 8 }),
        (net, last, hosts) => {
          const prefix = hex([0x2001, ...net.slice(1), last]);
          const one = addressBucket(`${prefix}:${hex(hosts.slice(0, 4))}`);
          const other = addressBucket(`${prefix}:${hex(hosts.slice(4))}`.toUpperCase());
          expect(one).toBe(other);
          expect(
            addressBucket(`${hex([0x2001, ...net.slice(1), (last + 1) & 0xffff])}::1`),
          ).not.toBe(one);
        },
      ),
    );
  });
});
