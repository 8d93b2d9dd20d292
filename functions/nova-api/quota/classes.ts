import { badRequest } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { type QuotaClass, quotaClassKey } from '../../../shared/objects/quota.ts';
import { nova } from '../store.ts';
import { wantedLimits } from './checks.ts';
import { classResources, defaultLimits, type Limits } from './resources.ts';

const shown = (limits: Limits, { version: { minor } }: Request) => Object.fromEntries(classResources(minor).map((name) => [name, limits[name]]));
const read = async (name: string): Promise<Limits> => ({ ...defaultLimits(), ...(name.length <= 255 && (await nova.get<QuotaClass & Record<string, unknown>>(quotaClassKey(name)))?.limits) });

export async function showQuotaClass(request: Request): Promise<Reply> {
  const name = request.params['id']!;
  return { body: { quota_class_set: { id: name, ...shown(await read(name), request) } } };
}

/** `default` holds for every project without a limit of its own. */
export async function updateQuotaClass(request: Request<{ quota_class_set: Record<string, unknown> }>): Promise<Reply> {
  const name = request.params['id']!;
  if (name.length > 255) throw badRequest(`quota_class_name has ${name.length} characters, more than 255.`);
  const wanted = wantedLimits(request.body.quota_class_set);
  await nova.update(quotaClassKey(name), { setIfAbsent: { limits: {} } });
  if (Object.keys(wanted).length > 0) await nova.update(quotaClassKey(name), { set: Object.fromEntries(Object.entries(wanted).map(([resource, limit]) => [`limits.${resource}`, limit])) });
  return { body: { quota_class_set: shown(await read(name), request) } };
}
