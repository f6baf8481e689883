// The key under which a client is counted, compared with the form that URL gives to addresses.

import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientKey } from '../../src/protocol/client-key.ts';

test.each([
  ['192.0.2.1', 64, '192.0.2.1'],
  ['::ffff:192.0.2.1', 64, '192.0.2.1'],
  ['::ffff:c000:0201', 128, '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', 64, '192.0.2.1'],
  ['::ffff:192.0.2.1%eth0', 64, '192.0.2.1'],
  ['2001:db8::1', 64, '2001:db8:0:0:0:0:0:0/64'],
  ['2001:DB8:1:2:3:4:5:6', 64, '2001:db8:1:2:0:0:0:0/64'],
  ['2001:db8:1:2:3:4:5:6', 128, '2001:db8:1:2:3:4:5:6/128'],
  ['2001:db8:1:2:3:4:5:6', 1, '0:0:0:0:0:0:0:0/1'],
  ['ffff::', 1, '8000:0:0:0:0:0:0:0/1'],
  ['2001:db8:1fff::', 36, '2001:db8:1000:0:0:0:0:0/36'],
  ['::', 128, '0:0:0:0:0:0:0:0/128'],
  ['1::', 128, '1:0:0:0:0:0:0:0/128'],
  ['::1', 128, '0:0:0:0:0:0:0:1/128'],
  ['::1.2.3.4', 128, '0:0:0:0:0:0:102:304/128'],
  ['64:ff9b::192.0.2.1', 128, '64:ff9b:0:0:0:0:c000:201/128'],
  ['fe80::1%eth0', 64, 'fe80:0:0:0:0:0:0:0/64%eth0'],
  ['fe80::1%eth1', 64, 'fe80:0:0:0:0:0:0:0/64%eth1'],
  // A text that is not an address stays as it is.
  ['', 64, ''],
  ['unix:', 64, 'unix:'],
  ['1:2:3', 64, '1:2:3'],
  ['1::2::3', 64, '1::2::3'],
  [':::', 64, ':::'],
  ['1:2:3:4:5:6:7:8:9', 64, '1:2:3:4:5:6:7:8:9'],
  ['g::', 64, 'g::'],
  ['12345::', 64, '12345::'],
  ['::1.2', 64, '::1.2'],
])('%s by /%i is %s', (address, prefix, key) => {
  expect(clientKey(address, prefix)).toBe(key);
});

test('all forms of an address have one key, and other addresses have others', () => {
  const canonical = (address: string): string => new URL(`http://[${address}]`).hostname;
  fc.assert(
    fc.property(fc.ipV6(), fc.ipV6(), fc.integer({ min: 1, max: 128 }), (one, two, prefix) => {
      if (!isIPv6(one) || !isIPv6(two)) return;
      const short = canonical(one).slice(1, -1);
      expect(clientKey(one, prefix)).toBe(clientKey(short, prefix));
      expect(clientKey(one.toUpperCase(), prefix)).toBe(clientKey(short, prefix));
      expect(clientKey(one, 128) === clientKey(two, 128)).toBe(canonical(one) === canonical(two));
    }),
    { numRuns: 1000 },
  );
});
