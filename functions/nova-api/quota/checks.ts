import { badRequest } from '../../../shared/http/errors.ts';
import { counted, type Usage, userUse } from '../../../shared/objects/quota.ts';
import type { Quota } from './limits.ts';
import { type Limits, quotaResources, UNLIMITED } from './resources.ts';

const MAX_INT = 0x7fffffff;
const infinite = (limit: number) => (limit === UNLIMITED ? Infinity : limit);

/** Limits out of a body. What nothing here can raise may only be said again. */
export function wantedLimits(asked: Record<string, unknown>): Limits {
  const wanted = Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, Number(value)]));
  for (const [name, limit] of Object.entries(wanted)) {
    const { fixed, default: only } = quotaResources[name]!;
    if (limit > MAX_INT) throw badRequest(`Invalid input for field/attribute ${name}. Value: ${limit}. ${limit} is greater than the maximum of ${MAX_INT}`);
    if (fixed && limit !== only) throw badRequest(`Quota limit ${limit} for ${name} must be ${only}: this cloud keeps no other.`);
  }
  return wanted;
}

/**
 * 400 unless each limit covers what is in use. A user's limits must also fit into the project's along with those of its other
 * users, and a project's must cover the sum of its users' limits.
 */
export function checkLimits(wanted: Limits, quota: Quota, user?: string): void {
  for (const [name, limit] of Object.entries(wanted)) {
    const { least, most } = user === undefined ? projectBounds(name, quota) : userBounds(name, quota, user);
    if (infinite(limit) < least) throw badRequest(`Quota limit ${limit} for ${name} must be greater than or equal to already used and reserved ${least}.`);
    if (infinite(limit) > most) throw badRequest(`Quota limit ${limit} for ${name} must be less than or equal to ${most}.`);
  }
}

interface Bounds { least: number; most: number }
const projectBounds = (name: string, quota: Quota): Bounds => ({ least: Math.max(inUse(quota, name), givenTo(quota, name, () => true)), most: Infinity });
const userBounds = (name: string, quota: Quota, user: string): Bounds => ({
  least: inUse(quota, name, user),
  most: infinite(quota.limits[name]!) - givenTo(quota, name, (each) => each !== user),
});

/** The sum of users' own limits of a resource; an unlimited one takes nothing from the others. */
const givenTo = ({ record }: Quota, name: string, which: (user: string) => boolean) =>
  Object.entries(record?.user_limits ?? {}).filter(([user]) => which(user)).reduce((sum, [, limits]) => sum + Math.max(0, limits[name] ?? 0), 0);

/** What is in use of a resource; those that are counted by user or by server, or elsewhere, show none, as in Nova. */
export function inUse({ record }: Pick<Quota, 'record'>, resource: string, user?: string): number {
  if (!counted.includes(resource as keyof Usage)) return 0;
  return Math.max(0, Number(record?.[user ? userUse(resource as keyof Usage, user) : resource] ?? 0));
}
