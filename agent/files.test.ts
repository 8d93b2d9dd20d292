import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readRecords, writeWhole } from './files.ts';

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('nothing of a guest that is gone stays in a draft that a crash left', (t) => {
  const folder = newFolder(t);
  writeFileSync(join(folder, 'one.json'), '{"uuid":"one"}');
  for (const name of ['one.json.new', 'gone.json.new']) writeFileSync(join(folder, name), '{"user_data":"sec');
  assert.deepEqual(readRecords(folder), [{ uuid: 'one' }]);
  assert.deepEqual(readdirSync(folder), ['one.json']);
});

test('nor in one that could not be put in its place', async (t) => {
  const folder = newFolder(t);
  mkdirSync(join(folder, 'one.json', 'in the way'), { recursive: true });
  await assert.rejects(writeWhole(join(folder, 'one.json'), '{}'));
  assert.deepEqual(readdirSync(folder), ['one.json']);
});
