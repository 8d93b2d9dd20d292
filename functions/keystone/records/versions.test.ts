import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered, versionOf } from './versions.ts';

test('what was read is gone by until one of its kinds has another version', async () => {
  let reads = 0;
  const catalog = remembered(['service', 'endpoint'], async () => ++reads);
  assert.equal(await catalog({}), 1);
  assert.equal(await catalog({ role: 3 }), 1, 'of another kind');
  assert.equal(await catalog({ endpoint: 1 }), 2);
  assert.equal(await catalog({ endpoint: 1, service: 0 }), 2);
  assert.equal(await catalog({ service: 1 }), 3);
  assert.equal(await catalog({ endpoint: 1 }), 4, 'nothing but the last one is kept');
});

test('whatever changed without being counted is seen after ten minutes', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  let reads = 0;
  const catalog = remembered(['service'], async () => ++reads);
  await catalog({});
  t.mock.timers.tick(599_000);
  assert.equal(await catalog({}), 1);
  t.mock.timers.tick(2_000);
  assert.equal(await catalog({}), 2);
});

test('a read that failed is not remembered', async () => {
  let fails = true;
  const roles = remembered(['role'], async () => {
    if (fails) throw new Error('away');
    return 'read';
  });
  await assert.rejects(roles({}), /away/);
  fails = false;
  assert.equal(await roles({}), 'read');
});

test('changes of what every token shows are counted, those of a user or a project not', () => {
  assert.deepEqual((['role', 'service', 'endpoint', 'user', 'project', 'domain', 'region'] as const).map((kind) => versionOf(kind).length), [1, 1, 1, 0, 0, 0, 0]);
});
