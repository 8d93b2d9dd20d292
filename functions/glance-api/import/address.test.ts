import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkedUrl, isPublic, Refused } from './address.ts';

const inside = (first: number, second?: number) =>
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 })).map(([b, c, d]) => `${first}.${second ?? b}.${c}.${d}`);

test("an import cannot reach any address of the cloud's own networks", () => {
  for (const range of [inside(0), inside(10), inside(127), inside(169, 254), inside(172, 16), inside(172, 31), inside(192, 168), inside(100, 64), inside(224), inside(255)]) {
    fc.assert(fc.property(range, (address) => {
      assert.equal(isPublic(address), false);
      assert.equal(isPublic(`::ffff:${address}`), false);
      assert.throws(() => checkedUrl(`http://${address}/x`), Refused);
      assert.throws(() => checkedUrl(`https://[::ffff:${address}]/x`), Refused);
      assert.throws(() => checkedUrl(`http://${address.split('.').reduce((n, part) => n * 256 + Number(part), 0)}/`), Refused);
    }));
  }
  for (const address of ['::', '::1', 'fe80::1', 'fc00::1', 'fd12::1', '64:ff9b::a00:1', '2002:7f00:1::', '2001::1', '2001:db8::1', 'ff02::1']) assert.equal(isPublic(address), false, address);
});

test('the public web is reached', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '151.101.1.6', '2606:4700::1111', '2a00:1450:4001::1']) assert.equal(isPublic(address), true, address);
  assert.equal(checkedUrl('https://cloud-images.example.org/x.img').hostname, 'cloud-images.example.org');
  assert.equal(checkedUrl('/y', new URL('http://example.org/x')).href, 'http://example.org/y');
});
