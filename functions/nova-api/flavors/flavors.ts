import { randomUUID } from 'node:crypto';
import { badRequest } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { type Flavor, flavorKey } from '../../../shared/objects/flavor.ts';
import { paged } from '../common/paging.ts';
import { sorted } from '../common/sort.ts';
import { isTrue } from '../common/types.ts';
import type { CreateFlavor, UpdateFlavor } from './schema.ts';
import { allFlavors, changeFlavor, findFlavor, insertFlavor, removeFlavor } from './store.ts';
import { basicFlavor, detailedFlavor } from './view.ts';

export const listFlavors = (request: Request) => list(request, basicFlavor);
export const listFlavorsDetailed = (request: Request) => list(request, detailedFlavor);

async function list(request: Request, view: typeof basicFlavor | typeof detailedFlavor): Promise<Reply> {
  const { query } = request;
  const wanted = [publicFilter(request), atLeast(request, 'minRam', 'memory_mb'), atLeast(request, 'minDisk', 'root_gb')];
  const flavors = (await allFlavors()).filter((flavor) => wanted.every((filter) => filter(flavor)));
  const key = query.get('sort_key') ?? 'flavorid';
  const inOrder = sorted(flavors, [{ key, descending: query.get('sort_dir') === 'desc' }, { key: 'flavorid', descending: false }], (flavor, k) => flavor[k === 'id' ? 'flavorid' : k]);
  const { items, links } = paged(request, inOrder, (flavor) => flavor.flavorid);
  return { body: { flavors: items.map((flavor) => view(flavor, request)), ...(links && { flavors_links: links }) } };
}

/** Public ones and the project's own; an admin may ask for the others, or (`None`) for all. */
function publicFilter({ query, context }: Request): (flavor: Flavor) => boolean {
  const asked = query.get('is_public');
  const own = (flavor: Flavor) => flavor.is_public || flavor.projects.includes(context.project_id ?? '');
  if (!isAdmin(context)) return (flavor) => own(flavor) && !flavor.disabled;
  if (asked === null) return own;
  if (/^none$/i.test(asked)) return () => true;
  if (!/^(t|true|on|yes|y|1|f|false|off|no|n|0)$/i.test(asked)) throw badRequest(`Invalid is_public filter [${asked}]`);
  return isTrue(asked) ? own : (flavor) => !flavor.is_public;
}

function atLeast({ query }: Request, parameter: string, attribute: 'memory_mb' | 'root_gb'): (flavor: Flavor) => boolean {
  const asked = query.get(parameter);
  if (asked === null) return () => true;
  if (!/^-?\d+$/.test(asked)) throw badRequest(`Invalid ${parameter} filter [${asked}]`);
  return (flavor) => flavor[attribute] >= Number(asked);
}

export const showFlavor = async (request: Request): Promise<Reply> => ({ body: { flavor: detailedFlavor(await findFlavor(request.params['id']!, request.context), request) } });

export async function createFlavor(request: Request<{ flavor: CreateFlavor }>): Promise<Reply> {
  const asked = request.body.flavor;
  const flavorid = asked.id == null || asked.id === 'auto' ? randomUUID() : String(asked.id);
  const flavor: Flavor = {
    ...flavorKey(flavorid), flavorid, name: asked.name, vcpus: Number(asked.vcpus), memory_mb: Number(asked.ram), root_gb: Number(asked.disk),
    ephemeral_gb: Number(asked['OS-FLV-EXT-DATA:ephemeral'] ?? 0), swap: Number(asked.swap ?? 0), rxtx_factor: Number(asked.rxtx_factor ?? 1),
    is_public: isTrue(asked['os-flavor-access:is_public'] ?? true), disabled: false, description: asked.description ?? null,
    extra_specs: {}, projects: [], created_at: new Date().toISOString(), updated_at: null, revision: 1,
  };
  await insertFlavor(flavor);
  return { body: { flavor: detailedFlavor(flavor, request) } };
}

export async function updateFlavor(request: Request<{ flavor: UpdateFlavor }>): Promise<Reply> {
  const { description } = request.body.flavor;
  return { body: { flavor: detailedFlavor(await changeFlavor(request.params['id']!, () => ({ description })), request) } };
}

export const deleteFlavor = (request: Request) => removeFlavor(request.params['id']!);
