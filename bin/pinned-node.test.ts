import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';

test('npm start leaves no launcher behind: what npm starts, and sends its signals to, is the pinned Node itself', { skip: process.platform !== 'linux' && 'the shell launcher is for Linux' }, async () => {
  const child = spawn('sh', [resolve(import.meta.dirname, 'pinned-node.sh'), '-p', 'JSON.stringify([process.pid, process.versions.node])'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid, version] = JSON.parse((await child.stdout.toArray()).join('')) as [number, string];
  assert.equal(pid, child.pid);
  assert.ok(Number(version.split('.')[0]) >= 24, version);
});
