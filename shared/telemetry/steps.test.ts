import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packStep, type Step, unpackStep } from './steps.ts';

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
