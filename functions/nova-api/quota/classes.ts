import type { Reply, Request } from '../../../shared/http/route.ts';
import { type QuotaClass, quotaClassKey } from '../../../shared/objects/quota.ts';
import { nova } from '../store.ts';
import { defaultLimits, type Limits, shownIn } from './resources.ts';
import { wantedLimits } from './sets.ts';

/** The versions in which a class loses resources are others than those of a project (2.50, not 2.36). */
const shown = (limits: Limits, { version: { minor } }: Request) => Object.fromEntries(shownIn(minor >= 57 ? 57 : minor >= 50 ? 36 : 1).map((name) => [name, limits[name]]));
const read = async (name: string): Promise<Limits> => ({ ...defaultLimits(), ...(await nova.get<QuotaClass & Record<string, unknown>>(quotaClassKey(name)))?.limits });

export const showQuotaClass = async (request: Request): Promise<Reply> =>
  ({ body: { quota_class_set: { id: request.params['id'], ...shown(await read(request.params['id']!), request) } } });

/** `default` holds for every project without a limit of its own. */
export async function updateQuotaClass(request: Request<{ quota_class_set: Record<string, unknown> }>): Promise<Reply> {
  const name = request.params['id']!;
  const wanted = wantedLimits(request.body.quota_class_set);
  await nova.update(quotaClassKey(name), { setIfAbsent: { limits: {} } });
  if (Object.keys(wanted).length > 0) await nova.update(quotaClassKey(name), { set: Object.fromEntries(Object.entries(wanted).map(([resource, limit]) => [`limits.${resource}`, limit])) });
  return { body: { quota_class_set: shown(await read(name), request) } };
}
