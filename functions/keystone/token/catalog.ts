import { all, type Endpoint } from '../records/entities.ts';
import { remembered, type Versions } from '../records/versions.ts';

export interface CatalogEntry { id: string; type: string; name: string; endpoints: object[] }

const servicesAndEndpoints = remembered(['service', 'endpoint'], () => Promise.all([all('service'), all('endpoint')]));

/** The services and where they are, as one user and project see them: `$(project_id)s` in a URL is the token's. */
export async function catalogFor(userId: string, projectId: string | undefined, versions: Versions): Promise<CatalogEntry[]> {
  const [services, endpoints] = await servicesAndEndpoints(versions);
  return services
    .filter(({ data }) => data.enabled)
    .map(({ data }) => ({
      id: data.id, type: data.type, name: data.name,
      endpoints: endpoints.filter((e) => e.data.enabled && e.data.service_id === data.id).flatMap((e) => shown(e, userId, projectId)),
    }));
}

function shown({ data }: Endpoint, userId: string, projectId: string | undefined): object[] {
  const url = substitute(data.url, { project_id: projectId, tenant_id: projectId, user_id: userId });
  return url === undefined ? [] : [{ id: data.id, interface: data.interface, region: data.region_id, region_id: data.region_id, url }];
}

const placeholder = /[$%]\((\w+)\)s/g;

/** Undefined where the URL asks for what there is not: then the endpoint is left out, as Keystone does. */
function substitute(url: string, values: Record<string, string | undefined>): string | undefined {
  let missing = false;
  const result = url.replace(placeholder, (_, name: string) => {
    missing ||= values[name] === undefined;
    return values[name] ?? '';
  });
  return missing ? undefined : result;
}

const known = new Set(['project_id', 'tenant_id', 'user_id']);

/** What a URL asks for that no token can give. */
export const unknownPlaceholders = (url: string): string[] => [
  ...[...url.matchAll(placeholder)].map((match) => match[1]!).filter((name) => !known.has(name)),
  ...(/[$%]\(/.test(url.replace(placeholder, '')) ? [url] : []),
];
