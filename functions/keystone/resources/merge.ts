import { badRequest } from '../../../shared/http/errors.ts';
import type { RequestContext } from '../../../shared/identity/context.ts';
import type { Fields } from '../records/entities.ts';

/** The fields after a PATCH: given ones replace, options are merged (null takes one away), the domain stays. */
export function merged<D extends Fields>(current: D, given: Record<string, unknown>): D {
  if (given['domain_id'] !== undefined && given['domain_id'] !== current.domain_id) throw badRequest('Cannot change Domain ID');
  const options = { ...(current['options'] as object | undefined), ...(given['options'] as object | undefined) };
  const kept = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
  return { ...current, ...named(given), ...(current['options'] !== undefined && { options: kept }) };
}

/** Names lose the blanks around them, as in Keystone. */
export const named = <G extends Record<string, unknown>>(given: G): G => (typeof given['name'] === 'string' ? { ...given, name: given['name'].trim() } : given);

/** A new thing's domain: the one given, else that of the asker's scope. */
export const domainFor = (given: string | null | undefined, context: RequestContext): string => given ?? context.domain_id ?? context.project_domain_id ?? 'default';

/** Disabling a thing ends the tokens that stand on it, for good. */
export const voided = (before: { enabled: boolean }, after: { enabled: boolean }) => (before.enabled && !after.enabled ? { valid_since: Date.now() } : {});
