import type { Request } from '../../../shared/http/route.ts';
import type { Scope } from '../store/visible.ts';
import { pageOf } from './page.ts';

/** What a list's query says about where to look: known ids, or one owner, and how far. */
export function scopeOf({ query }: Request): Scope {
  const ids = query.getAll('id');
  const owners = new Set([...query.getAll('project_id'), ...query.getAll('tenant_id')]);
  const page = owners.size > 1 ? undefined : pageOf(query);
  return { ...(ids.length && { ids }), ...(owners.size === 1 && { project: [...owners][0] }), ...(page && { page }) };
}
