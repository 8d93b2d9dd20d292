import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transformed } from './input-transformer.ts';

const event = { id: 'e1', detail: { object: { key: 'a "b" \\ <c>', size: 5 }, list: ['x', 'y'] }, resources: ['arn:1'] };
const rule = { name: 'r', arn: 'arn:aws:events:x:y:rule/r' };
const by = (InputTemplate: string, InputPathsMap: Record<string, string> = {}) => transformed({ transformer: { InputTemplate, InputPathsMap } }, event, rule);

test("a rule's values reach its target whole, whatever an object's key holds", () => {
  const paths = { key: '$.detail.object.key', size: '$.detail.object.size', first: '$.detail.list[0]', none: '$.detail.none' };
  assert.deepEqual(JSON.parse(by('{"key": <key>, "size": <size>, "text": "of \\"<key>\\" and <first>"}', paths)), { key: event.detail.object.key, size: 5, text: `of "${event.detail.object.key}" and x` });
  assert.deepEqual(JSON.parse(by('{"rule": <aws.events.rule-name>, "all": <aws.events.event.json>}')), { rule: 'r', all: event });
  assert.equal(by('{"none": <none>}', paths), '{"none": }', 'EventBridge leaves nothing, so such an event cannot be delivered');
  assert.equal(by('"<unknown>"'), '"<unknown>"');
});

test('a part of the event, or all of it, where a rule asks for no more', () => {
  assert.equal(transformed({ path: '$.detail.list' }, event, rule), '["x","y"]');
  assert.deepEqual(JSON.parse(transformed({}, event, rule)), event);
});
