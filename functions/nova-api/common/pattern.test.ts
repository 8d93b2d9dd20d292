import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userPattern } from './pattern.ts';

test('a name filter finds parts of names, whatever their case', async () => {
  const matches = await userPattern('^web-[0-9]+$', 'name', { ignoreCase: true });
  assert.ok(matches('WEB-17'));
  assert.ok(!matches('web-x'));
  await assert.rejects(userPattern('(', 'name'), /400|regular expression/);
});

test('no pattern keeps the service busy for others', async () => {
  const began = process.cpuUsage();
  assert.ok(!(await userPattern('^(a+)+$', 'name'))(`${'a'.repeat(250)}!`)); // takes longer than the universe by backtracking
  assert.ok(process.cpuUsage(began).user < 5_000_000);
});
