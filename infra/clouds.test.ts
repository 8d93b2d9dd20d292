import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { cloud, readClouds, updateClouds } from './clouds.ts';

const folder = (t: { after: (end: () => void) => void }) => {
  const made = mkdtempSync(join(tmpdir(), 'novaless-clouds-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

test('clouds that a user wrote stay when a deployment writes its own, and the file is for its owner only', (t) => {
  const file = join(folder(t), 'clouds.yaml');
  const own = { auth: { auth_url: 'https://other.example.org/v3', application_credential_id: 'x' }, auth_type: 'v3applicationcredential', verify: false };
  writeFileSync(file, `# mine\ncache:\n  expiration_time: 60\nclouds:\n  other: ${JSON.stringify(own)}\n`, { mode: 0o644 });
  const made = cloud('https://api.example.org/v1', { username: 'admin', password: 'p: #x', project: 'admin', region: 'R' });
  updateClouds(file, { mine: made });
  assert.deepEqual(parse(readFileSync(file, 'utf8')), { cache: { expiration_time: 60 }, clouds: { other: own, mine: made } });
  assert.match(readFileSync(file, 'utf8'), /^# mine$/m);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  updateClouds(file, { mine: { ...made, region_name: 'S' } });
  assert.equal(readClouds(file)['mine']?.region_name, 'S');
  updateClouds(file, { mine: undefined, never: undefined });
  assert.deepEqual(Object.keys(readClouds(file)), ['other']);
});

test('where there is no clouds.yaml yet, or an empty one, there are no clouds, and one is made', (t) => {
  const file = join(folder(t), 'deeper/clouds.yaml');
  assert.deepEqual(readClouds(file), {});
  updateClouds(file, { mine: cloud('http://127.0.0.1', { username: 'u', password: 'p', project: 'q' }) });
  writeFileSync(file, '');
  assert.deepEqual(readClouds(file), {});
  updateClouds(file, { mine: cloud('http://127.0.0.1', { username: 'u', password: 'p', project: 'q' }) });
  assert.deepEqual(Object.keys(readClouds(file)), ['mine']);
  writeFileSync(file, 'clouds: {');
  assert.throws(() => updateClouds(file, {}), /clouds\.yaml/);
});
