import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functions } from '../../infra/functions.ts';
import { granted, recorded, recordFolder, refusedOnAws, unusedRights } from '../support/grants.ts';

/* After other tests of this run, when NOVALESS_GRANTS names a folder for what all their clouds did. */
const folder = recordFolder();

if (folder !== undefined) test('no function of the whole run did what it has no right to: on AWS it would fail there', (t) => {
  const used = recorded(folder);
  assert.ok(used.size > 0, 'no test of a whole cloud left its record');
  assert.deepEqual(refusedOnAws(used), []);
  // of the others test/infra/grants says that some code can come to them: undos and sweepers, which tests of single services drive
  const all = functions.flatMap(granted).length;
  t.diagnostic(`whole clouds used ${all - unusedRights(used).length} of ${all} rights`);
});
