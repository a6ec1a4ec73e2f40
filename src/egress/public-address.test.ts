import { describe, expect, it } from 'vitest';
import { isLoopbackAddress, isPublicAddress } from './public-address.ts';

describe('isPublicAddress', () => {
  /** The first and the last address of each range, and their neighbours outside it where public. */
  it.each([
    ['this network', ['0.0.0.0', '0.255.255.255'], ['1.0.0.0']],
    ['private', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0']],
    ['private', ['172.16.0.0', '172.31.255.255'], ['172.15.255.255', '172.32.0.0']],
    ['private', ['192.168.0.0', '192.168.255.255'], ['192.167.255.255', '192.169.0.0']],
    ['carriers', ['100.64.0.0', '100.100.100.200', '100.127.255.255'], ['100.128.0.0']],
    ['loopback', ['127.0.0.0', '127.0.0.1', '127.255.255.255'], ['126.255.255.255', '128.0.0.0']],
    ['link-local', ['169.254.0.0', '169.254.169.254', '169.254.255.255'], ['169.255.0.0']],
    ['protocols', ['192.0.0.0', '192.0.0.192', '192.0.0.255'], ['192.0.1.0']],
    ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.255'], ['203.0.114.0']],
    ['AS112', ['192.31.196.1', '192.175.48.1', '2620:4f:8000::1'], ['2620:4f:8001::1']],
    ['AMT', ['192.52.193.1'], ['192.52.194.1']],
    ['6to4 relays', ['192.88.99.1'], ['192.88.100.1']],
    ['benchmarks', ['198.18.0.0', '198.19.255.255'], ['198.17.255.255', '198.20.0.0']],
    ['multicast', ['224.0.0.1', '239.255.255.255'], ['223.255.255.255']],
    ['reserved', ['240.0.0.1', '255.255.255.255'], []],
    ['metadata', ['168.63.129.16'], ['168.63.129.15', '168.63.129.17']],
    ['unspecified and loopback', ['::', '::1', '0:0:0:0:0:0:0:1'], []],
    ['IPv4-compatible', ['::7f00:1', '::127.0.0.1', '::8.8.8.8'], []],
    ['IPv4-mapped', ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8'], []],
    ['NAT64', ['64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1'], []],
    ['discard', ['100::1'], []],
    ['Teredo and ORCHID', ['2001::1', '2001:10::1', '2001:20::1'], ['2001:200::1']],
    ['documentation', ['2001:db8::1', '3fff::1', '3fff:fff::1'], ['2001:db9::1', '3fff:1000::1']],
    ['6to4', ['2002:7f00:1::', '2002:808:808::1'], ['2003::1']],
    ['segment routing', ['5f00::1'], []],
    ['unique local', ['fc00::1', 'fd00:ec2::254', 'fdff:ffff::1'], []],
    ['link-local', ['fe80::1', 'febf::1', 'fe80::1%eth0', '2600::1%eth0'], []],
    ['site-local', ['fec0::1'], []],
    ['multicast', ['ff02::1', 'ffff::1'], []],
    ['no addresses', ['', 'localhost', '127.1', '1.2.3', '08.8.8.8', '[2600::1]', '2600::/16'], []],
    ['public', [], ['8.8.8.8', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450::1']],
  ])('ID-15 refuses %s: %j, and not %j', (_name, inside, outside) => {
    expect(inside.filter(isPublicAddress)).toEqual([]);
    expect(outside.filter((address) => !isPublicAddress(address))).toEqual([]);
  });
});

describe('isLoopbackAddress', () => {
  it('recognizes this machine in its usual forms, and nothing else', () => {
    expect(['127.0.0.1', '127.255.0.1', '::1'].every(isLoopbackAddress)).toBe(true);
    for (const other of ['::ffff:127.0.0.1', '::1%lo', '0.0.0.0', '::', '10.0.0.1', 'localhost'])
      expect([other, isLoopbackAddress(other)]).toEqual([other, false]);
  });
});
