import type { Route } from '../../../shared/http/route.ts';
import { seen } from '../image/access.ts';
import { recentImage } from '../image/recent.ts';
import { showImage } from '../image/view.ts';

/** Image API v2, "Show image". */
export const showRoutes: Route[] = [
  {
    method: 'GET', path: '/images/{image_id}', policy: 'get_image',
    handler: async (request) => {
      const { context, params: { image_id: id } } = request;
      return { body: showImage(await seen(context, await recentImage(id!, request), id!), context) };
    },
  },
];
