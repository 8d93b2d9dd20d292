import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Image } from '../image/record.ts';
import { filterOf } from './filter.ts';
import { orderOf } from './order.ts';

const image = (fields: Partial<Image> = {}): Image => ({
  id: 'i', name: 'n', status: 'active', visibility: 'shared', owner: 'p', disk_format: 'raw', container_format: 'bare', min_disk: 0, min_ram: 0, protected: false, os_hidden: false,
  size: 100, virtual_size: 100, checksum: null, os_hash_algo: null, os_hash_value: null, tags: [], properties: {}, created_at: '2026-01-01T00:00:00.500Z', updated_at: '2026-01-01T00:00:00.500Z', revision: 1, ...fields,
});
const found = (query: string, fields: Partial<Image> = {}) => filterOf(new URLSearchParams(query))(image(fields));

test('a name with a comma is found when it stands in quotes', () => {
  assert.equal(found('name=in:"a,b",c', { name: 'a,b' }), true);
  assert.equal(found('name=in:"a,b",c', { name: 'c' }), true);
  assert.equal(found('name=in:"a,b",c', { name: 'a' }), false);
  assert.throws(() => found('name=in:"a'), /quote/);
});

test('times are compared in the seconds that a user sees', () => {
  assert.equal(found('created_at=2026-01-01T00:00:00Z'), true);
  assert.equal(found('created_at=gt:2026-01-01T00:00:00Z'), false);
  assert.equal(found('created_at=gte:2026-01-01T00:00:00'), true);
  assert.equal(found('created_at=lt:2026-01-02'), true);
  assert.throws(() => found('created_at=about:2026-01-02'), /operator/);
});

test('sizes, properties, tags and hidden images are told apart', () => {
  assert.equal(found('size_min=100&size_max=100'), true);
  assert.equal(found('size_min=101'), false);
  assert.equal(found('size_max=5', { size: null }), false);
  assert.equal(found('os_distro=x', { properties: { os_distro: 'x' } }), true);
  assert.equal(found('os_distro=x'), false);
  assert.equal(found('tag=a&tag=b', { tags: ['a', 'b', 'c'] }), true);
  assert.equal(found('tag=a&tag=d', { tags: ['a'] }), false);
  assert.equal(found('', { os_hidden: true }), false);
  assert.equal(found('os_hidden=true', { os_hidden: true }), true);
});

test('an order is total, so that no page repeats or skips an image', () => {
  const order = orderOf(new URLSearchParams('sort_key=name&sort_key=size&sort_dir=asc&sort_dir=desc'));
  const images = [image({ id: '1', size: 1 }), image({ id: '2', size: 2 }), image({ id: '3', size: 2 }), image({ id: '4', name: null })];
  assert.deepEqual(images.sort(order).map(({ id }) => id), ['4', '2', '3', '1']);
});
