import { badRequest } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { sees } from '../image/access.ts';
import { filterOf } from '../list/filter.ts';
import { candidates } from '../list/candidates.ts';
import { orderOf } from '../list/order.ts';
import { showImage } from '../image/view.ts';
import { getImage } from '../image/store.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 1000;

/** Image API v2, "List images": filters, order, then one page. */
async function list({ query, context }: Request) {
  const filter = filterOf(query);
  const order = orderOf(query);
  const limit = limitOf(query.get('limit'));
  let images = (await candidates(query, context)).filter(filter).sort(order);
  const marker = query.get('marker');
  if (marker !== null) {
    const last = await getImage(marker);
    if (!last || !(await sees(context, last))) throw badRequest(`No image found with ID ${marker}`);
    images = images.filter((image) => order(last, image) < 0);
  }
  const page = images.slice(0, limit);
  const more = page.length > 0 && images.length > limit;
  return {
    body: {
      images: page.map((image) => showImage(image, context)),
      ...(more && { next: link(query, page.at(-1)!.id) }),
      first: link(query),
      schema: '/v2/schemas/images',
    },
  };
}

function limitOf(given: string | null): number {
  if (given === null) return DEFAULT_LIMIT;
  if (!/^[+-]?\d+$/.test(given)) throw badRequest('limit param must be an integer');
  if (Number(given) < 0) throw badRequest('limit param must be positive');
  return Math.min(Number(given), MAX_LIMIT);
}

function link(query: URLSearchParams, marker?: string): string {
  const next = new URLSearchParams(query);
  next.delete('marker');
  if (marker !== undefined) next.set('marker', marker);
  return next.size ? `/v2/images?${next}` : '/v2/images';
}

export const listRoutes: Route[] = [{ method: 'GET', path: '/images', policy: 'get_images', handler: list }];
