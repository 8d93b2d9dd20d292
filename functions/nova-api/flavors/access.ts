import { conflict, notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import type { Flavor } from '../../../shared/objects/flavor.ts';
import { changeFlavor, findFlavor } from './store.ts';

const view = (flavor: Flavor): Reply => ({ body: { flavor_access: flavor.projects.map((tenant_id) => ({ flavor_id: flavor.flavorid, tenant_id })) } });

/** Who may use a flavor that is not public. */
export async function listAccess({ params, context }: Request): Promise<Reply> {
  const flavor = await findFlavor(params['id']!, context);
  if (flavor.is_public) throw notFound('Access list not available for public flavors.');
  return view(flavor);
}

type Asked = { addTenantAccess: { tenant: string } } | { removeTenantAccess: { tenant: string } };

export async function changeAccess({ params, body, version, enforce }: Request<Asked>): Promise<Reply> {
  if ('addTenantAccess' in body) {
    enforce('os_compute_api:os-flavor-access:add_tenant_access');
    const { tenant } = body.addTenantAccess;
    return view(await changeFlavor(params['id']!, (flavor) => {
      if (version.minor >= 7 && flavor.is_public) throw conflict('Can not add access to a public flavor.');
      if (flavor.projects.includes(tenant)) throw conflict(`Flavor access already exists for flavor ${flavor.flavorid} and project ${tenant} combination.`);
      return { projects: [...flavor.projects, tenant] };
    }));
  }
  enforce('os_compute_api:os-flavor-access:remove_tenant_access');
  const { tenant } = body.removeTenantAccess;
  return view(await changeFlavor(params['id']!, (flavor) => {
    if (!flavor.projects.includes(tenant)) throw notFound(`Flavor access not found for ${flavor.flavorid} / ${tenant} combination.`);
    return { projects: flavor.projects.filter((each) => each !== tenant) };
  }));
}
