import type { Reply } from '../../../shared/http/route.ts';
import { isUp } from '../../../shared/objects/compute_node.ts';
import { allNodes } from './store.ts';

/** Where no host is enrolled yet there is still the zone that the first one will be in. */
const DEFAULT_ZONE = 'nova';

/** `GET /os-availability-zone`: a zone is available while one of its hosts is enabled. */
export const listZones = () => zones(false);
/** With hosts and their services, for admins. */
export const listZonesDetailed = () => zones(true);

async function zones(detailed: boolean): Promise<Reply> {
  const nodes = await allNodes();
  const names = [...new Set(nodes.map((node) => node.availability_zone))].sort();
  return {
    body: {
      availabilityZoneInfo: (names.length ? names : [DEFAULT_ZONE]).map((zoneName) => {
        const members = nodes.filter((node) => node.availability_zone === zoneName);
        return {
          zoneName,
          zoneState: { available: members.some((node) => !node.disabled) },
          hosts: detailed
            ? Object.fromEntries(members.map((node) => [node.host, { 'nova-compute': { available: isUp(node), active: !node.disabled, updated_at: node.last_seen_up?.replace(/Z$/, '') ?? null } }]))
            : null,
        };
      }),
    },
  };
}
