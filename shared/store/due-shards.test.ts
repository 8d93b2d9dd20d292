import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dueKindOf, dueShards, partitionsToSweep } from './due-shards.ts';

const things = dueShards('THING', { count: 2, once: 5 });
const others = dueShards('OTHER', { count: 1, once: 2 });

test('whatever is put under a deadline is looked at in every round', () => {
  for (const id of ['0b', '7', 'f00', 'project', 'ä', '']) for (let minute = 0; minute < 10; minute++) {
    assert.ok(partitionsToSweep([things, others], minute * 60_000).includes(things.of(id)), id);
  }
});

test('what older code put under a deadline is found within minutes, in whichever partition it lies', () => {
  const started = Date.parse('2026-01-31T12:00:30Z');
  const seen = new Set(Array.from({ length: 4 }, (_, minute) => partitionsToSweep([things, others], started + minute * 60_000)).flat());
  assert.deepEqual([...seen].sort(), ['OTHER#0', 'OTHER#1', 'THING#0', 'THING#1', 'THING#2', 'THING#3', 'THING#4']);
  assert.deepEqual(partitionsToSweep([dueShards('NEW', { count: 1, once: 1 })]), ['NEW#0']);
});

test('a sweeper that reads several kinds at once knows each for what it is', () => {
  assert.equal(dueKindOf(things.of('a')), 'THING');
});
