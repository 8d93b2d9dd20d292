import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packStep, packSteps, type Step, unpackStep, unpackSteps } from './steps.ts';

const time = fc.integer({ min: 0, max: 4e12 });
const steps = fc.record({ number: fc.integer({ min: 1, max: 28 }), began: time, took: fc.integer({ min: 0, max: 1e6 }), actor: fc.string(), result: fc.constantFrom('Success', 'Error', 'cached'), request_id: fc.constantFrom('req-own', 'req-other'), cached_from: fc.option(fc.string({ minLength: 1 })), detail: fc.option(fc.string({ minLength: 1 })) })
  .map(({ number, began, took, cached_from, detail, ...more }): Step => ({ step: number, start: new Date(began).toISOString(), end: new Date(began + took).toISOString(), ...more, ...(cached_from && { cached_from }), ...(detail && { detail }) }));

test("a launch's record gives its steps back as they were recorded", () => fc.assert(fc.property(steps, (step) => assert.deepEqual(unpackStep(packStep(step, 'req-own'), 'req-own'), step))));

test("a step of the record's own request takes no more of it than it must", () => {
  const step: Step = { step: 13, actor: 'nova-compute', start: '2026-01-01T00:00:00.000Z', end: '2026-01-01T00:00:00.012Z', result: 'Success', request_id: 'req-own' };
  assert.equal(packStep(step, 'req-own'), '[13,"nova-compute",1767225600000,12,"Success"]');
});

test('a record from before steps were packed is still read', () => {
  const step: Step = { step: 7, actor: 'nova-api', start: '2026-01-01T00:00:00.000Z', end: '2026-01-01T00:00:00.000Z', result: 'Success', request_id: 'req-own' };
  assert.deepEqual(unpackStep(step, 'req-other'), step);
});

test('steps written down some at a time, before and again are one list, of each how it went last', () => {
  const at = (number: number, second: number, result = 'Success'): Step => ({ step: number, actor: 'nova-compute', start: `2026-01-01T00:00:0${second}.000Z`, end: `2026-01-01T00:00:0${second}.000Z`, result, request_id: 'req-own' });
  const record = { s4: packStep(at(4, 1), 'req-own'), ...packSteps([at(8, 2), at(9, 2)], 'req-own'), ...packSteps([at(13, 4, 'Error'), at(28, 5)], 'req-own') };
  const again = { ...record, ...packSteps([at(13, 6), at(14, 7), at(28, 8)], 'req-own'), ...packSteps([at(28, 7, 'Error')], 'req-own') };
  assert.deepEqual(unpackSteps(Object.values(again), 'req-own'), [at(4, 1), at(8, 2), at(9, 2), at(13, 6), at(14, 7), at(28, 8)]);
  assert.deepEqual(packSteps([], 'req-own'), {}, 'nothing takes no room');
});
