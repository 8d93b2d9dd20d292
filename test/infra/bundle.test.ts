import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { bundle } from '../../infra/bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'novaless-bundle-'));
after(() => rmSync(folder, { recursive: true }));
const declaration = [{ name: 'probe', entry: 'test/infra/probe-function.ts', uses: [] }];

test('a deployment replaces only what changed: bundling twice gives the same bytes', async () => {
  const [first] = await bundle(declaration, join(folder, 'first'));
  const [second] = await bundle(declaration, join(folder, 'second'));
  for (const file of ['index.mjs', 'index.mjs.map']) {
    assert.ok(readFileSync(join(first!.folder, file)).equals(readFileSync(join(second!.folder, file))), file);
  }
});

test('a function runs from its bundle alone: the AWS SDK and CommonJS packages are inside', async () => {
  const [built] = await bundle(declaration, join(folder, 'alone'));
  const { handler } = await import(join(built!.folder, 'index.mjs'));
  assert.deepEqual(await handler(), { sdk: 'GetItemCommand', commonjs: true });
  const text = readFileSync(join(built!.folder, 'index.mjs'), 'utf8');
  assert.doesNotMatch(text, /from\s*"@aws-sdk/);
  assert.match(text, /sourceMappingURL=index\.mjs\.map/);
  assert.doesNotMatch(readFileSync(join(built!.folder, 'index.mjs.map'), 'utf8'), /sourcesContent":\["/);
});

test('a function whose entry is missing is never deployed empty: the bundling stops and names it', async () => {
  await assert.rejects(bundle([{ name: 'gone', entry: 'functions/gone/http.ts', uses: [] }], join(folder, 'gone')), /functions\/gone\/http\.ts/);
});
