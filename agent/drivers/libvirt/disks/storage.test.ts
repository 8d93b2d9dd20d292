import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStorage } from './storage.ts';

test('a volume that is being made of an image cached long ago keeps what it is made of', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'novaless-storage-'));
  t.after(() => rmSync(root, { recursive: true }));
  const storage = openStorage(join(root, 'disks'), async () => undefined);
  const cached = join(storage.folders.images, 'image.raw');
  writeFileSync(cached, 'an image');
  utimesSync(cached, 0, 0);
  const draft = storage.draft('.image');
  linkSync(cached, draft);
  await storage.discardOld(60_000);
  assert.ok(existsSync(draft));
  await storage.discardOld(-60_000);
  assert.ok(!existsSync(draft), 'but what is forgotten goes');
  assert.ok(existsSync(cached));
});
