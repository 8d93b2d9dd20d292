import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeSparse } from './sparse.ts';

const KIB = 1024;
const folder = mkdtempSync(join(tmpdir(), 'novaless-sparse-'));
after(() => rmSync(folder, { recursive: true }));
const data = Buffer.concat([Buffer.alloc(130 * KIB), randomBytes(70 * KIB), Buffer.alloc(3000 * KIB), Buffer.from('x'), Buffer.alloc(500 * KIB), randomBytes(3)]);

for (const [name, piece] of [['at once', data.length], ['in large pieces', 1_000_003], ['in pieces of a socket', 64 * KIB], ['in small ones', 1_459]] as const) {
  test(`data that comes ${name} is all there, and its zeros take no room`, async () => {
    const path = join(folder, String(piece));
    const file = await open(path, 'wx');
    for (let at = 0; at < data.length; at += piece) await writeSparse(file, data.subarray(at, at + piece), at);
    await file.close();
    assert.ok(readFileSync(path).equals(data));
    const taken = statSync(path).blocks * 512;
    assert.ok(taken <= 5 * 64 * KIB, `${taken} bytes on disk`);
  });
}
