import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect, mismatch, virtualSize } from './format.ts';

function qcow2(virtual: bigint): Buffer {
  const head = Buffer.alloc(512);
  head.write('QFI\xfb', 'latin1');
  head.writeUInt32BE(3, 4);
  head.writeBigUInt64BE(virtual, 24);
  return head;
}

test('a qcow2 image is known by its head, with the size that the guest will see', () => {
  assert.deepEqual(inspect(qcow2(10n * 1024n ** 3n)), { format: 'qcow2', virtual_size: 10 * 1024 ** 3 });
  assert.equal(mismatch('qcow2', qcow2(1n)), undefined);
  assert.equal(virtualSize('qcow2', qcow2(1024n), 512), 1024);
});

test('an image that says raw but is something else is refused, or a host would follow its header', () => {
  assert.match(mismatch('raw', qcow2(1n))!, /qcow2/);
  assert.match(mismatch('qcow2', Buffer.from('not a disk'))!, /qcow2/);
  assert.equal(mismatch('raw', Buffer.from('anything')), undefined);
  assert.equal(mismatch('raw', Buffer.alloc(0)), undefined);
  assert.equal(virtualSize('raw', Buffer.from('abc'), 3), 3);
});

test('short heads are no crash', () => {
  for (const magic of ['QFI\xfb', 'KDMV', 'conectix', 'vhdxfile', '']) for (let length = 0; length < 40; length++) inspect(Buffer.from(magic.padEnd(length, '\0').slice(0, Math.max(length, magic.length)), 'latin1'));
});
