import type { Request, Route } from '../../../shared/http/route.ts';
import { hostServices } from '../pool/services.ts';
import { allPools } from '../pool/store.ts';
import { quotaOf } from '../quota/store.ts';
import { isTrue } from '../list/page.ts';
import { ZONE } from '../volume/create.ts';
import { time } from '../volume/view.ts';

/** Block Storage API, "Limits": the project's, with what it uses. Admins may ask for another's from 3.39 on. */
async function limits(request: Request) {
  const { query, context, version } = request;
  const other = version.minor >= 39 ? (query.get('project_id') ?? query.get('tenant_id')) : null;
  const project = other ?? context.project_id ?? '';
  request.enforce('limits_extension:used_limits', { project_id: project });
  const { limits: max, used } = await quotaOf(project);
  return {
    body: {
      limits: {
        rate: [],
        absolute: {
          maxTotalVolumes: max.volumes, maxTotalSnapshots: max.snapshots, maxTotalVolumeGigabytes: max.gigabytes, maxTotalBackups: max.backups, maxTotalBackupGigabytes: max.backup_gigabytes,
          totalVolumesUsed: used.volumes, totalSnapshotsUsed: used.snapshots, totalGigabytesUsed: used.gigabytes, totalBackupsUsed: 0, totalBackupGigabytesUsed: 0,
        },
      },
    },
  };
}

/** "Services (os-services)": cinder's own functions, up while there is anybody to ask, and the hosts' pools: as their compute services are. */
async function services(request: Request) {
  const { query } = request;
  const now = new Date().toISOString();
  const [pools, hosts] = await Promise.all([allPools(), hostServices()]);
  const fine = { status: 'enabled', state: 'up', disabled_reason: null };
  const ofHost = (host: string) => (hosts ? (hosts.get(host) ?? { ...fine, state: 'down' }) : fine);
  const all = [
    { binary: 'cinder-scheduler', host: 'cinder-volume', updated_at: now, ...fine },
    ...pools.map(({ host, updated_at }) => ({ ...ofHost(host), binary: 'cinder-volume', host, updated_at })),
  ].map(({ binary, host, status, state, updated_at, disabled_reason }) => ({ binary, host, zone: ZONE, status, state, updated_at: time(updated_at), disabled_reason }));
  const binary = query.get('binary') ?? query.get('service');
  const host = query.get('host');
  return { body: { services: all.filter((service) => (!binary || service.binary === binary) && (!host || service.host === host)) } };
}

/** "Back-end storage pools". */
async function pools({ query }: Request) {
  const detailed = isTrue(query.get('detail'));
  const shown = (await allPools()).map(({ host, total_gb, free_gb, reported_at }) => ({
    name: host,
    ...(detailed && {
      capabilities: {
        timestamp: time(reported_at), total_capacity_gb: total_gb, free_capacity_gb: free_gb, storage_protocol: 'local', volume_backend_name: host, reserved_percentage: 0,
        driver_version: '1.0', vendor_name: 'Novaless', QoS_support: false, multiattach: false,
      },
    }),
  }));
  return { body: { pools: shown } };
}

export const cloudRoutes: Route[] = [
  { method: 'GET', path: '/limits', policy: 'limits_extension:used_limits', handler: limits },
  { method: 'GET', path: '/os-availability-zone', policy: 'volume:availability_zone_list', handler: () => ({ body: { availabilityZoneInfo: [{ zoneName: ZONE, zoneState: { available: true } }] } }) },
  { method: 'GET', path: '/os-services', policy: 'volume_extension:services:index', handler: services },
  { method: 'GET', path: '/scheduler-stats/get_pools', policy: 'scheduler_extension:scheduler_stats:get_pools', handler: pools },
  { method: 'GET', path: '/extensions', policy: 'volume:availability_zone_list', handler: () => ({ body: { extensions } }) },
];

const extension = (alias: string, name: string, description: string) => ({ alias, name, description, updated: '2026-01-01T00:00:00+00:00', links: [] });
const extensions = [
  extension('os-availability-zone', 'AvailabilityZones', 'Describe Availability Zones.'),
  extension('os-quota-sets', 'Quotas', 'Quota management support.'),
  extension('os-services', 'Services', 'Services support.'),
  extension('os-types-manage', 'TypesManage', 'Types manage support.'),
  extension('os-types-extra-specs', 'TypesExtraSpecs', 'Type extra specs support.'),
  extension('os-used-limits', 'UsedLimits', 'Provide data on limited resources that are being used.'),
  extension('os-vol-host-attr', 'VolumeHostAttribute', 'Expose host as an attribute of a volume.'),
  extension('os-vol-image-meta', 'VolumeImageMetadata', 'Show image metadata associated with the volume.'),
  extension('os-vol-tenant-attr', 'VolumeTenantAttribute', 'Expose the internal project_id as an attribute of a volume.'),
  extension('os-volume-actions', 'VolumeActions', 'Enable volume actions.'),
  extension('scheduler-stats', 'Scheduler_stats', 'Scheduler stats support.'),
];
