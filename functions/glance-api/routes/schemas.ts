import type { Route } from '../../../shared/http/route.ts';
import { collectionSchema, imageSchema, memberSchema } from '../image/schema.ts';

/** Image API v2, "Image Schemas": clients load them to know an image's fields. */
const schemas: Record<string, object> = {
  image: imageSchema,
  images: collectionSchema('images', imageSchema),
  member: memberSchema,
  members: collectionSchema('members', memberSchema),
};

export const schemaRoutes: Route[] = Object.entries(schemas).map(([name, body]) => ({ method: 'GET', path: `/schemas/${name}`, policy: 'get_schemas', handler: () => ({ body }) }));
