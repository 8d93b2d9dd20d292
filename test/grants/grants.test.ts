import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recorded, recordFolder, refusedOnAws, unusedRights } from '../support/grants.ts';

/* After other tests of this run, when NOVALESS_GRANTS names a folder for what all their clouds did. */
const folder = recordFolder();

if (folder !== undefined) describe('the rights of functions, after a whole run', () => {
  const used = recorded(folder);

  test('no function did what it has no right to: on AWS it would fail there', () => {
    assert.ok(used.size > 0, 'no test of a whole cloud left its record');
    assert.deepEqual(refusedOnAws(used), []);
  });

  test('no function has a right that it does not use', (t) => {
    t.diagnostic(unusedRights(used).join('\n'));
  });
});
