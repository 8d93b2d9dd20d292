import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functions } from '../../infra/functions.ts';
import { granted } from '../support/grants.ts';
import { reach } from './reach.ts';

test('no function has a right that nothing in its code could use', async () => {
  const reached = await reach(functions);
  assert.deepEqual(functions.flatMap((declaration) => granted(declaration).filter((right) => !reached(declaration, right))), []);
});
