import type { Route } from '../../../shared/http/route.ts';
import { visibleImage } from '../image/access.ts';
import { showImage } from '../image/view.ts';

/** Image API v2, "Show image". */
export const showRoutes: Route[] = [
  {
    method: 'GET', path: '/images/{image_id}', policy: 'get_image',
    handler: async (request) => ({ body: showImage(await visibleImage(request), request.context) }),
  },
];
