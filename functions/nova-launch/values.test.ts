import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { fill } from './values.ts';

test("an event's values stand in names, metadata and lists, and what has no value stays as it is", () => {
  const filled = fill({ name: 'worker {{key}}', metadata: { size: '{{ size }}', other: '{{ds.meta}} {{unknown}}' }, tags: ['{{key}}', 5, null] }, { key: 'a/b', size: 12 });
  assert.deepEqual(filled, { name: 'worker a/b', metadata: { size: '12', other: '{{ds.meta}} {{unknown}}' }, tags: ['a/b', 5, null] });
  assert.equal(fill('{{key}}', undefined), '{{key}}');
  assert.equal(fill('{{constructor}}', { key: 'x' }), '{{constructor}}');
  assert.equal(fill('{{a}}', { a: '{{b}}', b: 'x' }), '{{b}}', 'a value is no template');
  assert.throws(() => fill('{{a:xml}}', { a: 'x' }), /xml/);
});

test('an object key that looks like a command is a word to the guest’s shell, whatever it holds', () => {
  fc.assert(fc.property(fc.string({ maxLength: 30 }).filter((text) => !text.includes('\0')), (key) => {
    const command = fill('printf %s {{key:sh}}', { key }) as string;
    assert.equal(execFileSync('sh', ['-c', command], { encoding: 'utf8' }), key);
  }), { numRuns: 40 });
  assert.equal(fill('{"key": {{key:json}}}', { key: 'a"b\n' }), '{"key": "a\\"b\\n"}');
});
