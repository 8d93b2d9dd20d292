import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Role } from './entities.ts';
import { expand } from './roles.ts';

const book = (implications: Record<string, string[]>) =>
  new Map(Object.entries(implications).map(([id, implies]) => [id, { pk: 'role', sk: id, version: 1, data: { id, name: id, domain_id: null, description: null, options: {} }, implies } as Role]));
const ids = (given: string[], roles: Map<string, Role>) => expand(given, roles).map(({ role }) => role.data.id);

test('an admin has what members and readers have', () => {
  assert.deepEqual(ids(['admin'], book({ admin: ['member'], member: ['reader'], reader: [], other: [] })), ['admin', 'member', 'reader']);
});

test('whatever roles imply, in circles too, each is had once, and none that nothing leads to', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const implications = fc.record({ a: fc.array(name), b: fc.array(name), c: fc.array(name), d: fc.array(name), e: fc.array(name) });
  fc.assert(fc.property(implications, fc.array(name), (all, given) => {
    const roles = book(all);
    const had = ids(given, roles);
    assert.equal(new Set(had).size, had.length);
    for (const id of given) assert.ok(had.includes(id));
    for (const id of had) for (const implied of roles.get(id)!.implies!) assert.ok(had.includes(implied));
    for (const id of had) assert.ok((given as string[]).includes(id) || had.some((prior) => roles.get(prior)!.implies!.includes(id)));
  }));
});
