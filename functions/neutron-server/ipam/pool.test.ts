import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress, type IpVersion } from './address.ts';
import { formatCidr, inside, overlaps, parseCidr, usable } from './cidr.ts';
import { eui64Address } from './eui64.ts';
import { defaultPools, freeAddress } from './pool.ts';

const cidrs = fc.oneof(
  fc.tuple(fc.bigInt(0n, 2n ** 32n - 1n), fc.integer({ min: 8, max: 32 })).map(([value, prefix]) => parseCidr(`${formatAddress({ version: 4, value })}/${prefix}`)!),
  fc.tuple(fc.bigInt(0n, 2n ** 128n - 1n), fc.integer({ min: 16, max: 128 })).map(([value, prefix]) => parseCidr(`${formatAddress({ version: 6, value })}/${prefix}`)!),
);

test('an address is one however it is written, so it is not given twice under two names', () => {
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 128n - 1n), (value) => {
    const text = formatAddress({ version: 6, value });
    assert.deepEqual(parseAddress(text), { version: 6, value });
    assert.equal(formatAddress(parseAddress(text.toUpperCase())!), text);
  }));
  assert.equal(formatAddress(parseAddress('2001:DB8:0:0:0:0:0:1')!), '2001:db8::1');
  for (const wrong of ['10.0.0', '10.0.0.256', '010.0.0.1', '0x0a000001', 'fe80::1%eth0', '1.2.3.4.5', '', 'ten']) assert.equal(parseAddress(wrong), undefined, wrong);
});

test('default pools hold every usable address but the gateway', () => {
  fc.assert(fc.property(cidrs, fc.bigInt(0n, 2n ** 128n), (cidr, n) => {
    const { first, last } = usable(cidr);
    const gateway = formatAddress({ version: cidr.version, value: first + (n % (last - first + 1n)) });
    const pools = defaultPools(formatCidr(cidr), gateway);
    const sizes = pools.map(({ start, end }) => {
      const [from, to] = [parseAddress(start)!, parseAddress(end)!];
      assert.ok(inside(cidr, from) && inside(cidr, to) && from.value <= to.value);
      assert.ok(parseAddress(gateway)!.value < from.value || to.value < parseAddress(gateway)!.value);
      return to.value - from.value + 1n;
    });
    assert.equal(sizes.reduce((a, b) => a + b, 0n), last - first);
  }));
});

test('free addresses are inside the pools, never taken ones, and every one is found before the subnet is full', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 250 }), fc.integer({ min: 0, max: 6 })), { minLength: 1, maxLength: 4 }), fc.infiniteStream(fc.bigInt(0n, 2n ** 40n)), (ranges, randoms) => {
    const pools: { start: string; end: string }[] = [];
    let next = 0;
    for (const [gap, size] of ranges) {
      const from = next + gap;
      next = from + size + 1;
      pools.push({ start: `10.0.${from >> 8}.${from & 255}`, end: `10.0.${(from + size) >> 8}.${(from + size) & 255}` });
    }
    const total = ranges.reduce((sum, [, size]) => sum + size + 1, 0);
    const taken = new Set(['10.200.0.1']);
    for (let i = 0; i < total; i++) {
      const address = freeAddress(4, pools, taken, (n) => randoms.next().value! % n);
      assert.ok(address && !taken.has(address), `the ${i + 1}th of ${total}`);
      const { value } = parseAddress(address)!;
      assert.ok(pools.some(({ start, end }) => parseAddress(start)!.value <= value && value <= parseAddress(end)!.value));
      taken.add(address);
    }
    assert.equal(freeAddress(4, pools, taken, (n) => randoms.next().value! % n), undefined);
  }));
});

test('overlapping networks are seen whatever their sizes', () => {
  const over = (a: string, b: string) => overlaps(parseCidr(a)!, parseCidr(b)!);
  assert.ok(over('10.0.0.0/8', '10.1.2.0/24') && over('10.1.2.0/24', '10.0.0.0/8') && over('10.0.0.5/24', '10.0.0.0/24'));
  assert.ok(!over('10.0.0.0/24', '10.0.1.0/24') && !over('0.0.0.0/0', '::/0'));
  assert.equal(formatCidr(parseCidr('10.0.0.77/26')!), '10.0.0.64/26');
});

test('a SLAAC address is the one that the guest gives itself', () => {
  assert.equal(eui64Address('2001:db8::/64', 'fa:16:3e:12:34:56'), '2001:db8::f816:3eff:fe12:3456');
});

const versions: IpVersion[] = [4, 6];
test('a pool of one address gives that one', () => {
  for (const version of versions) {
    const only = version === 4 ? '10.0.0.9' : 'fd00::9';
    assert.equal(freeAddress(version, [{ start: only, end: only }], new Set(), () => 0n), only);
  }
});
