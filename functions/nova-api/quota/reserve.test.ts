import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProjectQuota } from '../../../shared/objects/quota.ts';
import { fitting, type Ask } from './reserve.ts';

const ask = (more: Partial<Ask> = {}): Ask => ({
  projectId: 'p', userId: 'u', each: { instances: 1, cores: 4, ram: 8192 }, minCount: 1, maxCount: 1, limits: { instances: 10, cores: 20, ram: 51_200 }, userLimits: undefined, ...more,
});
const used = (instances: number, cores: number, ram: number, more: object = {}) => ({ instances, cores, ram, ...more }) as ProjectQuota;

test("a refusal says what was asked, used and allowed of each resource, in Nova's words", () => {
  assert.throws(() => fitting(ask(), used(3, 18, 49_152)), (error: Error & { status?: number }) =>
    error.status === 403 && error.message === 'Quota exceeded for cores, ram: Requested 4, 8192, but already used 18, 49152 of 20, 51200 cores, ram');
  assert.throws(() => fitting(ask({ each: { instances: 1, cores: 1, ram: 1 } }), used(10, 10, 10)), /^HttpError: Quota exceeded for instances: Requested 1, but already used 10 of 10 instances$/);
});

test('as many as fit between the least and the most', () => {
  assert.equal(fitting(ask({ maxCount: 9 }), undefined), 5);
  assert.equal(fitting(ask({ minCount: 2, maxCount: 9 }), used(1, 8, 0)), 3);
  assert.throws(() => fitting(ask({ minCount: 4, maxCount: 9 }), used(1, 8, 0)), /Requested 16, but already used 8 of 20 cores/);
});

test('no limit is no limit, and a user has limits beside the project', () => {
  assert.equal(fitting(ask({ maxCount: 99, limits: { instances: -1, cores: -1, ram: -1 } }), used(500, 500, 500)), 99);
  assert.throws(() => fitting(ask({ userLimits: { instances: 2 } }), used(2, 2, 2, { 'instances@u': 2 })), /already used 2 of 2 instances/);
  assert.equal(fitting(ask({ userLimits: { instances: 2 } }), used(2, 2, 2, { 'instances@someone': 2 })), 1);
});

test('what fits never exceeds a limit, and one more would', () => {
  fc.assert(fc.property(fc.nat(20), fc.nat(20), fc.nat(20), fc.integer({ min: 1, max: 20 }), (limit, use, room, most) => {
    const request = ask({ each: { instances: 1, cores: 2, ram: 0 }, maxCount: most, limits: { instances: limit, cores: room, ram: 0 } });
    try {
      const count = fitting(request, used(use, use, 0));
      assert.ok(use + count <= limit && use + 2 * count <= room && count >= 1 && count <= most);
      assert.ok(count === most || use + count + 1 > limit || use + 2 * (count + 1) > room);
    } catch (error) {
      if ((error as { status?: number }).status !== 403) throw error;
      assert.ok(use + 1 > limit || use + 2 > room);
    }
  }));
});
