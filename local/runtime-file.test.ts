import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runtimeFile } from './runtime-file.ts';

test('a start after the first finds what environments run as it was left, without its types', (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'novaless-runtime-'));
  t.after(() => rmSync(parent, { recursive: true }));
  const folder = join(parent, 'compiled');
  const file = runtimeFile(folder);
  assert.deepEqual(readdirSync(folder).map((name) => join(folder, name)), [fileURLToPath(file)]);
  writeFileSync(file, '// kept');
  assert.equal(runtimeFile(folder).href, file.href);
  assert.match(decodeURIComponent(runtimeFile().href), /^data:text\/javascript,[^]*parentPort/);
});
