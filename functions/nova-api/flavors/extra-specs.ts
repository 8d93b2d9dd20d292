import { badRequest, notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { changeFlavor, findFlavor } from './store.ts';

const missing = (id: string, key: string) => notFound(`Flavor ${id} has no extra specs with key ${key}.`);
const asStrings = (specs: Record<string, string | number>) => Object.fromEntries(Object.entries(specs).map(([key, value]) => [key, String(value)]));

export const listExtraSpecs = async ({ params, context }: Request): Promise<Reply> => ({ body: { extra_specs: (await findFlavor(params['id']!, context)).extra_specs } });

export async function showExtraSpec({ params, context }: Request): Promise<Reply> {
  const { extra_specs: specs } = await findFlavor(params['id']!, context);
  const key = params['key']!;
  if (!Object.hasOwn(specs, key)) throw missing(params['id']!, key);
  return { body: { [key]: specs[key] } };
}

export async function createExtraSpecs({ params, body }: Request<{ extra_specs: Record<string, string | number> }>): Promise<Reply> {
  const added = asStrings(body.extra_specs);
  await changeFlavor(params['id']!, (flavor) => ({ extra_specs: { ...flavor.extra_specs, ...added } }));
  return { body: { extra_specs: added } };
}

export async function updateExtraSpec({ params, body }: Request<Record<string, string | number>>): Promise<Reply> {
  const key = params['key']!;
  if (!Object.hasOwn(body, key)) throw badRequest('Request body and URI mismatch');
  const changed = asStrings(body);
  await changeFlavor(params['id']!, (flavor) => ({ extra_specs: { ...flavor.extra_specs, ...changed } }));
  return { body: changed };
}

export async function deleteExtraSpec({ params }: Request): Promise<Reply> {
  await changeFlavor(params['id']!, (flavor) => {
    const { [params['key']!]: _, ...rest } = flavor.extra_specs;
    if (!Object.hasOwn(flavor.extra_specs, params['key']!)) throw missing(params['id']!, params['key']!);
    return { extra_specs: rest };
  });
  return { status: 200 };
}
