import { maxAge, recentValues } from '../../../shared/http/max-age.ts';
import type { Request } from '../../../shared/http/route.ts';
import type { Image } from './record.ts';
import { getImage } from './store.ts';

const recent = recentValues<Image>(200);

/**
 * The image as it is, or as this environment read it so recently as the caller allows: of a launch's two looks at its image the second need not be a read.
 */
export async function recentImage(id: string, request: Pick<Request, 'header'>): Promise<Image | undefined> {
  const known = recent.get(id, maxAge(request));
  if (known) return known;
  const at = Date.now();
  const image = await getImage(id);
  if (image) recent.set(id, image, at);
  return image;
}
