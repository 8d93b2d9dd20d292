import { notFound } from '../../shared/http/errors.ts';
import type { Reply, Request, Route } from '../../shared/http/route.ts';

/** What was an extension before microversions, by its alias: those of them that this cloud has. Old clients look here for what they may ask. */
const extensions: Record<string, string> = {
  'OS-DCF': 'DiskConfig', 'OS-EXT-AZ': 'ExtendedAvailabilityZone', 'OS-EXT-IPS': 'ExtendedIps', 'OS-EXT-IPS-MAC': 'ExtendedIpsMac', 'OS-EXT-SRV-ATTR': 'ExtendedServerAttributes',
  'OS-EXT-STS': 'ExtendedStatus', 'OS-FLV-DISABLED': 'FlavorDisabled', 'OS-FLV-EXT-DATA': 'FlavorExtraData', 'OS-SCH-HNT': 'SchedulerHints', 'OS-SRV-USG': 'ServerUsage',
  'os-attach-interfaces': 'AttachInterfaces', 'os-availability-zone': 'AvailabilityZone', 'os-block-device-mapping-v2-boot': 'BlockDeviceMappingV2Boot', 'os-config-drive': 'ConfigDrive',
  'os-console-output': 'ConsoleOutput', 'os-consoles': 'Consoles', 'os-extended-volumes': 'ExtendedVolumes', 'os-flavor-access': 'FlavorAccess', 'os-flavor-extra-specs': 'FlavorExtraSpecs',
  'os-flavor-manage': 'FlavorManage', 'os-hypervisors': 'Hypervisors', 'os-instance-actions': 'InstanceActions', 'os-keypairs': 'Keypairs', 'os-multiple-create': 'MultipleCreate',
  'os-quota-class-sets': 'QuotaClasses', 'os-quota-sets': 'Quotas', 'os-server-start-stop': 'ServerStartStop', 'os-services': 'Services', 'os-used-limits': 'UsedLimits', 'os-user-data': 'UserData',
  'os-volume-attachments': 'VolumeAttachments', 'os-volume-boot': 'VolumeBoot',
};

const view = (alias: string) => ({ alias, name: extensions[alias], description: extensions[alias], namespace: 'http://docs.openstack.org/compute/api', updated: '2014-12-03T00:00:00Z', links: [] });

const list = (): Reply => ({ body: { extensions: Object.keys(extensions).map(view) } });

function show({ params }: Request): Reply {
  const alias = params['alias']!;
  if (!Object.hasOwn(extensions, alias)) throw notFound();
  return { body: { extension: view(alias) } };
}

export const extensionRoutes: Route[] = [
  { method: 'GET', path: '/extensions', policy: 'os_compute_api:extensions', handler: list },
  { method: 'GET', path: '/extensions/{alias}', policy: 'os_compute_api:extensions', handler: show },
];
