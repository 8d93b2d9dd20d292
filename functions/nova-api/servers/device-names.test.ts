import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameDevice, namesFor } from './device-names.ts';

test('disks are named vda to vdz, then vdaa', () => {
  const names = namesFor();
  const first = Array.from({ length: 28 }, () => names.next().value);
  assert.deepEqual([first[0], first[25], first[26], first[27]], ['/dev/vda', '/dev/vdz', '/dev/vdaa', '/dev/vdab']);
  assert.equal(namesFor('scsi').next().value, '/dev/sda');
});

test('a wish is granted where the name is free, with or without /dev', () => {
  assert.equal(nameDevice(['/dev/vda'], undefined, 'vdq'), '/dev/vdq');
  assert.equal(nameDevice(['/dev/vda', '/dev/vdb'], undefined, '/dev/vdb'), '/dev/vdc');
});

test('no two disks of a server ever get the same name', () => {
  fc.assert(fc.property(fc.array(fc.option(fc.constantFrom('vda', 'vdb', '/dev/vdc', 'sda'), { nil: undefined }), { maxLength: 60 }), (wishes) => {
    const names: string[] = [];
    for (const wish of wishes) names.push(nameDevice(names, undefined, wish));
    assert.equal(new Set(names).size, wishes.length);
  }));
});
