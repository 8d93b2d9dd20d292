import { badRequest, forbidden } from '../../../../shared/http/errors.ts';
import type { Request } from '../../../../shared/http/route.ts';
import type { RequestContext } from '../../../../shared/identity/context.ts';
import { type Flavor, flavorKey } from '../../../../shared/objects/flavor.ts';
import type { BlockDevice, RequestedNetwork } from '../../../../shared/objects/instance.ts';
import { type KeyPair, keyPairKey } from '../../../../shared/objects/keypair.ts';
import { usableBy } from '../../flavors/store.ts';
import { type Quota, quotaFrom, quotaKeys } from '../../quota/limits.ts';
import { nova } from '../../store.ts';
import { blockDevices } from './block-devices.ts';
import { checkImage, findImage, type Image } from './image.ts';
import { requestedSecurityGroups, requestedNetworks, type NetworkPlan } from './networks.ts';
import type { LaunchRequest } from './request.ts';
import { checkVolumes } from './volumes.ts';
import { checkDestination } from './zone.ts';

/** Everything that the instances will be made of, looked at and found good. */
export interface LaunchPlan {
  flavor: Flavor;
  imageProperties: Record<string, unknown>;
  keyPair: KeyPair | undefined;
  networks: RequestedNetwork[] | 'none';
  networkHosts: NetworkPlan['hosts'];
  /** Names, or ids where a name is not clear; none without a network. */
  securityGroups: string[];
  devices: BlockDevice[];
  /** The only host that can run it, where its volumes are on one. */
  volumeHost: string | undefined;
}

/** What nova itself has of them: one request. */
export interface OwnRecords { flavor: Flavor | undefined; keyPair: KeyPair | undefined; quota: Quota }

/** Step 6, checks for conflicts: own records, and the other services side by side. */
export async function planLaunch(asked: LaunchRequest, request: Pick<Request, 'context' | 'allowed' | 'enforce'>, ownRecords: Promise<OwnRecords>): Promise<LaunchPlan> {
  const { context } = request;
  const imageId = asked.imageRef || rootImage(asked);
  const [own, image, { networks, hosts: networkHosts }, securityGroups] = await Promise.all([
    ownRecords,
    imageId ? findImage(imageId, context) : undefined,
    requestedNetworks(asked, request),
    requestedSecurityGroups(asked.securityGroups, request),
    checkDestination(asked),
  ]);
  const { flavor, keyPair, quota } = own;
  if (!flavor) throw badRequest(`Flavor ${asked.flavorRef} could not be found.`);
  if (asked.keyName !== undefined && !keyPair) throw badRequest(`Invalid key_name provided: keypair ${asked.keyName} could not be found.`);
  const items = quota.limits['metadata_items']!;
  if (items >= 0 && Object.keys(asked.metadata).length > items) throw forbidden(`Maximum number of metadata items exceeds ${items}`);
  if (imageId && !image) throw badRequest(asked.imageRef ? `Can not find requested image ${imageId}` : `Block Device Mapping is Invalid: failed to get image ${imageId}.`);

  const drafts = blockDevices(asked, flavor);
  if (drafts.length > 1 || !asked.imageRef) request.enforce('os_compute_api:servers:create:attach_volume');
  const root = drafts.find(({ boot_index }) => boot_index === 0)!;
  if (image) checkImage(image, flavor, root.destination_type === 'local' ? 'disk' : { volumeGb: root.volume_size ?? 0 });
  if (root.destination_type === 'local' && flavor.root_gb === 0 && !request.allowed('os_compute_api:servers:create:zero_disk_flavor'))
    throw forbidden('Only volume-backed servers are allowed for flavors with zero disk.');
  const volumes = await checkVolumes(drafts, context);
  const forced = asked.zone.host ?? asked.zone.node ?? asked.requestedHost ?? asked.requestedNode;
  if (volumes.host && forced && forced !== volumes.host) throw badRequest(`Invalid volume: it is on host ${volumes.host}, and cannot be attached to a server on ${forced}.`);
  return { flavor, keyPair, networks, networkHosts, securityGroups: networks === 'none' ? [] : securityGroups, devices: volumes.devices, volumeHost: volumes.host, imageProperties: propertiesOf(image, volumes.root?.volume_image_metadata) };
}

const rootImage = ({ devices }: LaunchRequest): string | undefined => {
  const root = 'v2' in devices ? devices.v2.find(({ source_type, boot_index }) => source_type === 'image' && Number(boot_index ?? -1) === 0) : undefined;
  return root?.uuid ?? root?.image_id;
};

const propertiesOf = (image: Image | undefined, ofVolume: Record<string, string> = {}): Record<string, unknown> =>
  image?.properties ?? Object.fromEntries(Object.entries(ofVolume).filter(([name]) => !/^(checksum|container_format|disk_format|image_id|image_name|min_disk|min_ram|size)$/.test(name)));

/** Flavor (where the asker may use it), key pair, limits and use. */
export async function readOwn({ flavorRef, keyName }: LaunchRequest, context: RequestContext): Promise<OwnRecords> {
  const [projectId, userId] = [context.project_id!, context.user_id];
  const keys = [flavorKey(flavorRef), ...(keyName !== undefined ? [keyPairKey(userId, keyName)] : [])];
  const items = await nova.getMany<Record<string, unknown>>([...keys, ...quotaKeys(projectId)]);
  const at = ({ pk, sk }: { pk: string; sk: string }) => items.find((item) => item['pk'] === pk && item['sk'] === sk);
  const flavor = at(keys[0]!) as Flavor | undefined;
  return {
    flavor: flavor && usableBy(flavor, context) ? flavor : undefined,
    keyPair: keys[1] && (at(keys[1]) as KeyPair | undefined),
    quota: quotaFrom(items, projectId),
  };
}
