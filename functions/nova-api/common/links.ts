import type { Request } from '../../../shared/http/route.ts';

export interface Link { rel: string; href: string }

/** `self` below the versioned root, `bookmark` below the version-free one. */
export const linksOf = ({ baseUrl }: Pick<Request, 'baseUrl'>, collection: string, id: string): Link[] => [
  { rel: 'self', href: `${baseUrl}/${collection}/${id}` },
  bookmarkOf({ baseUrl }, collection, id),
];

export const bookmarkOf = ({ baseUrl }: Pick<Request, 'baseUrl'>, collection: string, id: string): Link => ({
  rel: 'bookmark', href: `${baseUrl.replace(/\/v2\.1$/, '')}/${collection}/${id}`,
});
