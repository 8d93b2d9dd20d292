import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entity } from '../records/entities.ts';
import { filtered, isTrue } from './filter.ts';

const entity = (data: { id: string; name: string; enabled: boolean; parent?: string | null }): Entity<any> => ({ pk: 'project', sk: data.id, version: 1, data });
const all = [entity({ id: '1', name: 'Web', enabled: true }), entity({ id: '2', name: 'web-db', enabled: false, parent: null })];
const found = (query: string) => filtered(all, ['name', 'enabled'], new URLSearchParams(query)).map((e) => e.data.id);

test('a list is narrowed by what is asked, and by nothing else', () => {
  assert.deepEqual(found(''), ['1', '2']);
  assert.deepEqual(found('name=Web'), ['1']);
  assert.deepEqual(found('name__icontains=WEB&enabled=false'), ['2']);
  assert.deepEqual(found('enabled=True'), ['1']);
  assert.deepEqual(found('enabled=0'), ['2']);
  assert.deepEqual(found('id=9&unknown=1'), ['1', '2'], 'not a condition of this list');
  assert.deepEqual(found('name__startswith=web'), ['2']);
});

test('a flag without a value is set', () => {
  for (const query of ['effective', 'effective=', 'effective=1', 'effective=True']) assert.equal(isTrue(new URLSearchParams(query), 'effective'), true, query);
  for (const query of ['', 'effective=0', 'effective=False']) assert.equal(isTrue(new URLSearchParams(query), 'effective'), false, query);
});
