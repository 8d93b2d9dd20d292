import type { Request } from '../../../shared/http/route.ts';
import type { Scope } from '../store/visible.ts';

/** What a list's filters say about where to look: known ids, or one owner. */
export function scopeOf({ query }: Request): Scope {
  const ids = query.getAll('id');
  const owners = [...query.getAll('project_id'), ...query.getAll('tenant_id')];
  return { ...(ids.length && { ids }), ...(new Set(owners).size === 1 && { project: owners[0] }) };
}
