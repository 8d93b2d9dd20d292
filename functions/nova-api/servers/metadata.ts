import { badRequest, forbidden, notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { Metadata, Strict } from '../common/types.ts';
import * as Type from '@sinclair/typebox';
import { quotaOf } from '../quota/limits.ts';
import { changeServer } from './change.ts';
import { findServer } from './find.ts';
import { tellMetadata } from './tell-metadata.ts';
import { checkLock, checkState } from './task.ts';

type Items = Record<string, string>;
export const metadataSchema = Strict({ metadata: Metadata });
export const metaSchema = Strict({ meta: Type.Unsafe<Items>({ ...Metadata, minProperties: 1, maxProperties: 1 }) });
const notThere = () => notFound('Metadata item was not found');

export const listMetadata = async (request: Request): Promise<Reply> => ({ body: { metadata: (await findServer(request)).metadata } });

export async function showMetadata(request: Request): Promise<Reply> {
  const key = request.params['key']!;
  const { metadata } = await findServer(request);
  if (!Object.hasOwn(metadata, key)) throw notThere();
  return { body: { meta: { [key]: metadata[key] } } };
}

/** Adds and replaces items. */
export const createMetadata = async (request: Request<{ metadata: Items }>): Promise<Reply> =>
  ({ body: { metadata: await change(request, 'update metadata', (items) => ({ ...items, ...request.body.metadata })) } });

/** Replaces all of them. */
export const replaceMetadata = async (request: Request<{ metadata: Items }>): Promise<Reply> =>
  ({ body: { metadata: await change(request, 'update metadata', () => request.body.metadata) } });

export async function updateMetadata(request: Request<{ meta: Items }>): Promise<Reply> {
  if (!Object.hasOwn(request.body.meta, request.params['key']!)) throw badRequest('Request body and URI mismatch');
  await change(request, 'update metadata', (items) => ({ ...items, ...request.body.meta }));
  return { body: { meta: request.body.meta } };
}

export async function deleteMetadata(request: Request): Promise<void> {
  await change(request, 'delete metadata', (items) => {
    const { [request.params['key']!]: _, ...rest } = items;
    if (!Object.hasOwn(items, request.params['key']!)) throw notThere();
    return rest;
  });
}

async function change(request: Request, method: string, next: (items: Items) => Items): Promise<Items> {
  const found = await findServer(request);
  const limit = (await quotaOf(found.project_id)).limits['metadata_items']!;
  const server = await changeServer(found, ['metadata'], (server: Instance) => {
    checkLock(server, request);
    checkState(server, method, { vm: ['active', 'paused', 'suspended', 'stopped'], task: 'any', launched: false });
    const metadata = next(server.metadata);
    if (limit >= 0 && Object.keys(metadata).length > limit) throw forbidden(`Maximum number of metadata items exceeds ${limit}`);
    return { metadata };
  });
  await tellMetadata(server, request);
  return server.metadata;
}
