import type { Request } from '../../../shared/http/route.ts';
import type { Flavor } from '../../../shared/objects/flavor.ts';
import { linksOf } from '../common/links.ts';

type Asked = Pick<Request, 'baseUrl' | 'version' | 'allowed'>;

/** `GET /flavors`: 2.55 adds the description. */
export const basicFlavor = (flavor: Flavor, request: Asked) => ({
  id: flavor.flavorid,
  name: flavor.name,
  links: linksOf(request, 'flavors', flavor.flavorid),
  ...(request.version.minor >= 55 && { description: flavor.description }),
});

/** The whole flavor: 2.61 adds extra specs, 2.75 makes no swap 0. */
export const detailedFlavor = (flavor: Flavor, request: Asked) => ({
  id: flavor.flavorid,
  name: flavor.name,
  ram: flavor.memory_mb,
  disk: flavor.root_gb,
  swap: flavor.swap || (request.version.minor >= 75 ? 0 : ''),
  'OS-FLV-EXT-DATA:ephemeral': flavor.ephemeral_gb,
  'OS-FLV-DISABLED:disabled': flavor.disabled,
  vcpus: flavor.vcpus,
  'os-flavor-access:is_public': flavor.is_public,
  rxtx_factor: flavor.rxtx_factor,
  links: linksOf(request, 'flavors', flavor.flavorid),
  ...(request.version.minor >= 55 && { description: flavor.description }),
  ...(request.version.minor >= 61 && request.allowed('os_compute_api:os-flavor-extra-specs:index') && { extra_specs: flavor.extra_specs }),
});
