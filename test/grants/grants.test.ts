import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recorded, recordFolder, refusedOnAws } from '../support/grants.ts';

/* After other tests of this run, when NOVALESS_GRANTS names a folder for what all their clouds did. */
const folder = recordFolder();

if (folder !== undefined) test('no function of the whole run did what it has no right to: on AWS it would fail there', () => {
  const used = recorded(folder);
  assert.ok(used.size > 0, 'no test of a whole cloud left its record');
  assert.deepEqual(refusedOnAws(used), []);
});
