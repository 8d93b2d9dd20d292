import assert from 'node:assert/strict';
import type { Api } from '../support/api.ts';

/** Links that lead out of the cloud, or that OpenStack itself has only for show. */
const notToFollow = new Set(['describedby', 'bookmark', 'help', 'license', 'describedBy']);

/**
 * Follows every link that the cloud gives, from its catalog on, as a client that knows nothing of its paths. Throws where one leads
 * elsewhere or to nothing. Returns the addresses that answered.
 */
export async function followLinks(api: Api): Promise<string[]> {
  const { status, body } = await api.get('/identity/v3/auth/catalog');
  assert.equal(status, 200, JSON.stringify(body));
  const services = (body.catalog as { type: string; endpoints: { interface: string; url: string }[] }[])
    .flatMap(({ type, endpoints }) => endpoints.filter((each) => each.interface === 'public').map(({ url }) => ({ type, url })));
  assert.ok(services.length >= 5, JSON.stringify(services));
  const base = (type: string) => services.find((each) => each.type === type)!.url.replace(/\/$/, '');
  const collections = [
    `${base('compute')}/servers/detail?limit=1`, `${base('compute')}/flavors/detail?limit=2`, `${base('image')}/v2/images?limit=1`,
    `${base('network')}/v2.0/networks?limit=1`, `${base('identity').replace(/\/v3$/, '')}/v3/auth/projects`, `${base('identity').replace(/\/v3$/, '')}/v3/projects`,
  ];
  // Cinder's endpoint is its projects', and answers nothing of its own.
  const roots = services.map(({ type, url }) => (/^(volume|block)/.test(type) ? `${url}/volumes/detail?limit=1` : url));
  const waiting = [...roots, `${api.endpoint}/`, `${api.endpoint}/identity`, `${api.endpoint}/compute`, `${api.endpoint}/volume`, ...collections];
  const seen = new Set<string>();
  for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
    if (seen.has(url) || url === `${api.endpoint}/image/v2/`) continue; // glance names its version's root, and has nothing there
    assert.ok(`${url}/`.startsWith(`${api.endpoint}/`), `${url} is not at ${api.endpoint}`);
    seen.add(url);
    const answer = await api.get(url.slice(api.endpoint.length));
    assert.ok(answer.status < 400, `${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
    for (const link of linksOf(answer.body)) waiting.push(link.startsWith('/v2/') ? `${base('image')}${link}` : link); // glance's are below its endpoint
    assert.ok(seen.size < 200, 'links without end');
  }
  return [...seen];
}

function linksOf(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.flatMap(linksOf);
  const { rel, href } = value as { rel?: string; href?: string };
  if (typeof href === 'string') return rel && notToFollow.has(rel) ? [] : [href];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'links' && inner !== null && typeof inner === 'object' && !Array.isArray(inner)) return Object.values(inner).filter((each): each is string => typeof each === 'string');
    if (key === 'next' && typeof inner === 'string') return [inner];
    return linksOf(inner);
  });
}
