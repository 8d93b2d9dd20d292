import type { Page } from '../store/visible.ts';
import { controls, isReverse } from './list.ts';

/**
 * The page that a list asks for, where it can be read without what lies before and behind it: in the order of ids, of all that an owner has. Undefined
 * where the whole list is needed, also to refuse what is wrong with the query.
 */
export function pageOf(query: URLSearchParams): Page | undefined {
  const size = Number(query.get('limit') ?? 0);
  const by = (name: string) => query.getAll(name).join();
  const byId = ['', 'id'].includes(by('sort_key')) && ['', 'asc'].includes(by('sort_dir')) && !isReverse(query);
  const unfiltered = [...query.keys()].every((name) => controls.has(name) || name === 'project_id' || name === 'tenant_id');
  return Number.isInteger(size) && size > 0 && byId && unfiltered ? { size, marker: query.get('marker') } : undefined;
}
