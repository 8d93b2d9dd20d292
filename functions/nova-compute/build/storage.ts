import type { BlockDevice, Instance } from '../../../shared/objects/instance.ts';
import { step, stepDone } from '../../../shared/telemetry/steps.ts';
import { callerOf } from '../caller.ts';
import { CannotDo, refusalsAreFinal } from '../errors.ts';
import type { Build } from '../journal.ts';
import { cinder, connectorOf, type Cinder } from '../storage/cinder.ts';

export type Storage = { block_devices: BlockDevice[] } | 'waiting';

/** A disk that is to become a volume, and is none yet. */
export const isToBeMade = (device: BlockDevice) => device.destination_type === 'volume' && device.source_type !== 'volume';

/** What names a volume that a launch makes: asked for again, it is the same one. */
const volumeKey = ({ instance_uuid, attempt }: Pick<Build, 'instance_uuid' | 'attempt'>, index: number) => `${instance_uuid}:${attempt}:${index}`;

/**
 * Steps 25 to 27: the instance's volumes, made where the request boots from volume, and attached. Cinder is always asked for the
 * instance's attachments. A volume that is still being made is waited for by a message, not here.
 */
export async function attachVolumes(build: Build): Promise<Storage> {
  const storage = await step(25, 'nova-compute', build.request_id, () => refusalsAreFinal(attach(build, build.instance!)));
  if (storage !== 'waiting') stepDone(27, 'nova-compute', build.request_id);
  return storage;
}

async function attach(build: Build, instance: Instance): Promise<Storage> {
  const client = cinder(callerOf(build.context!));
  const attachments = await client.attachmentsOf(instance.uuid);
  const devices = await Promise.all(instance.block_devices.map(async (device, i) => (isToBeMade(device) ? { ...device, ...(await make(client, build, instance, device, i)) } : device)));
  const made = devices.filter((device): device is typeof device & { status: string } => 'status' in device);
  const broken = made.find(({ status }) => status.startsWith('error'));
  if (broken) throw new CannotDo(`Volume ${broken.volume_id} could not be created: its status is ${broken.status}.`, { retry: true });
  if (made.some(({ status }) => status === 'creating' || status === 'downloading')) return 'waiting';
  const block_devices: BlockDevice[] = [];
  for (const device of devices) {
    const { status: _, ...disk } = device as BlockDevice & { status?: string };
    block_devices.push(disk.destination_type === 'volume' ? { ...disk, attachment_id: await connect(client, build, disk, attachments.find(({ volume_id }) => volume_id === disk.volume_id)?.id) } : disk);
  }
  return { block_devices };
}

/** A volume out of an image, a snapshot or nothing, in the pool of the instance's host; Nova's words for its name and description. */
export async function make(client: Cinder, build: Pick<Build, 'instance_uuid' | 'attempt' | 'host'>, instance: Instance, device: BlockDevice, index: number): Promise<{ volume_id: string; status: string }> {
  const volume = await client.createVolume(
    instance.project_id,
    {
      size: device.volume_size ?? Math.max(1, instance.flavor.root_gb), name: '', description: '',
      ...(device.source_type === 'image' && { imageRef: device.image_id }),
      ...(device.source_type === 'snapshot' && { snapshot_id: device.snapshot_id }),
      ...(device.volume_type && { volume_type: device.volume_type }),
    },
    { local_to_instance: instance.uuid, host: build.host },
    volumeKey(build, index),
  );
  return { volume_id: volume.id, status: volume.status };
}

/** The attachment that was reserved for the instance, told its host; or a new one. */
async function connect(client: Cinder, { host, instance_uuid }: Build, device: BlockDevice, reserved: string | undefined): Promise<string> {
  const connector = connectorOf(host, device.device_name, instance_uuid);
  if (!reserved) return (await client.createAttachment({ volume_uuid: device.volume_id!, instance_uuid, connector })).id;
  await client.updateAttachment(reserved, connector);
  return reserved;
}
