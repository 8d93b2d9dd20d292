import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { test } from 'node:test';
import { chart } from './launch-chart.ts';
import type { LaunchStep } from './launch-record.ts';

const at = (ms: number) => new Date(Date.UTC(2030, 0, 1) + ms).toISOString();
const step = (number: number, start: number, end: number, more: Partial<LaunchStep> = {}): LaunchStep =>
  ({ step: number, actor: 'nova-api', start: at(start), end: at(end), result: 'Success', request_id: 'req-1', ...more });
const drawn = (steps: LaunchStep[], columns = 100) =>
  stripVTControlCharacters(chart({ server: { id: 'ID', name: 'vm', status: 'ERROR' }, requestId: 'req-1', steps, names: new Map([[3, 'request the launch']]) }, columns)).split('\n');

test("a launch's chart has a line for each step, with bars on one scale that begins with the request", () => {
  const lines = drawn([step(1, -60_000, -60_000), step(3, 0, 500), step(6, 500, 1000)]);
  assert.match(lines[1]!, /3 of 28 steps in 1\.00 s; not recorded: 2, 4, 5, 7, /);
  const [old, first, second] = lines.slice(3) as [string, string, string];
  assert.match(old, /^ 1 {2}nova-api .* -60\.0 s .*·$/);
  assert.match(first, /^ 3 {2}nova-api {2}request the launch {2} +\+0 ms {2} +500 ms {2}█+$/);
  assert.match(second, /\+500 ms {2} +500 ms {3,}█+$/);
  assert.ok(second.length <= 100, 'it fits into the terminal');
});

test('the step that failed is told from the others without colours, with its reason; so is one that a cache answered', () => {
  const lines = drawn([step(3, 0, 10), step(20, 10, 20, { result: 'cached' }), step(22, 20, 30, { result: 'Error', detail: 'no more addresses' })]);
  assert.match(lines.at(-1)!, /✗ Error: no more addresses$/);
  assert.match(lines.at(-2)!, /cached$/);
});

test('a server without a record of its launch is said to have none', () => assert.match(drawn([]).join(), /no step of its launch is recorded/));
