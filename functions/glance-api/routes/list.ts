import { badRequest } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import type { RequestContext } from '../../../shared/identity/context.ts';
import { newest } from '../../../shared/store/newest.ts';
import { sees } from '../image/access.ts';
import { position, type Image } from '../image/record.ts';
import { getImage, type Part } from '../image/store.ts';
import { showImage } from '../image/view.ts';
import { candidates } from '../list/candidates.ts';
import { conditionOf, filterOf, isNarrow } from '../list/filter.ts';
import { isNewestFirst, orderOf } from '../list/order.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 1000;

/** Image API v2, "List images": filters, order, then one page. Of images in their usual order no more is read than the page shows. */
async function list({ query, context }: Request) {
  const matches = filterOf(query);
  const order = orderOf(query);
  const limit = limitOf(query.get('limit'));
  const walks = candidates(query, context);
  const last = await markerOf(query, context);
  const once = oneOfEach();
  const counts = (image: Image) => matches(image) && (!last || order(last, image) < 0) && once(image);
  const wanted = isNewestFirst(query) ? limit + 1 : Infinity; // one more than the page tells that there is a next one
  // and one more in a walk, that nothing is missing before that; where few are hits, small steps would be many
  const part: Part = wanted === Infinity ? {} : { after: last && position(last), size: isNarrow(query) ? undefined : wanted + 1 };
  const found = await newest(walks({ ...part, filter: conditionOf(query) }), { wanted, rank: position, counts });
  const images = found.filter(counts).sort(order);
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

/** The image that the page before ended with. Throws 400 where the asker sees none of that id. */
async function markerOf(query: URLSearchParams, context: RequestContext): Promise<Image | undefined> {
  const marker = query.get('marker');
  if (marker === null) return undefined;
  const last = await getImage(marker);
  if (!last || !(await sees(context, last))) throw badRequest(`No image found with ID ${marker}`);
  return last;
}

/** Lets one record of each image pass, whatever was read of it how often: one's own public image is found by its owner and by its visibility. */
function oneOfEach() {
  const first = new Map<string, Image>();
  return (image: Image) => {
    if (!first.has(image.id)) first.set(image.id, image);
    return first.get(image.id) === image;
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
