import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absent, absentOr, atMost, Expressions } from './condition.ts';

test('alternatives have the parentheses that they need and no second pair, which DynamoDB refuses', () => {
  const rendered = (condition: Parameters<Expressions['condition']>[0]) => new Expressions().condition(condition);
  assert.equal(rendered([{ at: absentOr(0) }, { at: atMost(9) }]), '(attribute_not_exists(#n0) OR #n0 = :v0) OR #n0 <= :v1');
  assert.equal(rendered([{ at: absent() }, { at: atMost(9), host: 'a' }]), 'attribute_not_exists(#n0) OR (#n0 <= :v0 AND #n1 = :v1)');
  assert.equal(rendered({ at: absentOr(0), host: 'a' }), '(attribute_not_exists(#n0) OR #n0 = :v0) AND #n1 = :v1');
});
