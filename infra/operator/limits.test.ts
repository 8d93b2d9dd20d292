import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capacityOf, explainLimits, type Limits } from './limits.ts';

const usual: Limits = { executions: 1000, reserved: 0, apiRate: 10_000 };

test("an operator of a new account hears that its limit holds launches back, and how to get more", () => {
  const lines = explainLimits({ ...usual, executions: 10 }, 'eu-central-1');
  assert.ok(capacityOf({ ...usual, executions: 10 }).perMinute < 300);
  assert.match(lines.join('\n'), /what binds .*executions/);
  assert.match(lines.at(-1)!, /^ +aws service-quotas request-service-quota-increase --region eu-central-1 --service-code lambda /);
});

test("an operator of a usual account hears of no wants, and that a thousand launches a minute fit", () => {
  assert.equal(explainLimits(usual, 'us-east-1').length, 3);
  assert.ok(capacityOf(usual).perMinute >= 1000, JSON.stringify(capacityOf(usual)));
});

test('limits that cannot be read are said to be so, and the usual ones are reckoned with', () => {
  const lines = explainLimits({ executions: undefined, reserved: 0, apiRate: undefined }, 'us-east-1');
  assert.equal(lines.filter((line) => line.includes('could not be read')).length, 2);
  assert.deepEqual(capacityOf({ executions: undefined, reserved: 0, apiRate: undefined }), capacityOf(usual));
});

test('what others have set aside of an account is not promised to launches', () => {
  assert.ok(capacityOf({ ...usual, reserved: 990 }).perMinute < 300);
});

test('a low rate of the API gateway is named as what binds', () => {
  assert.match(capacityOf({ ...usual, apiRate: 20 }).binds, /API Gateway's 20/);
});
