import { instanceKey, now, type BlockDevice, type Instance, type VirtualInterface } from '../../shared/objects/instance.ts';
import { endOf, notifyInstance } from '../../shared/notifications/instance.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { absent } from '../../shared/store/condition.ts';
import { ConditionFailed, StoreBusy } from '../../shared/store/errors.ts';
import { table } from '../../shared/store/table.ts';
import { writeAction } from './action-record.ts';
import { eventOf } from './instance-update.ts';

type Changed = Args<typeof novaConductor.methods.device_changed>;
const nova = table('nova');
const ATTEMPTS = 10;

/** A volume or a port that came or went: the record's list of them changes as a whole, so it is written as long as nobody else changed it. */
export async function deviceChanged(changed: Changed): Promise<void> {
  const instance = await write(changed);
  const { instance_uuid, host, request_id, event } = changed;
  const failed = event.result === 'Error';
  const action = await writeAction(instance_uuid, request_id, eventOf(event, host), { failed });
  const notification = event.finish && endOf(event.name, { failed });
  if (instance && notification) await notifyInstance(notification, instance, { volume_id: changed.volume?.volume_id, port_id: changed.port?.port_id }, action ?? { request_id });
}

async function write({ instance_uuid, project_id, host, volume, port }: Changed): Promise<Instance | undefined> {
  const key = instanceKey(project_id, instance_uuid);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const instance = await nova.get<Instance>(key);
    if (!instance || instance.host !== host) return undefined;
    const block_devices = volume && listed(instance.block_devices, (each) => each.volume_id === volume.volume_id, volume.block_device as BlockDevice | null);
    const interfaces = port && listed(instance.interfaces, (each) => each.port_id === port.port_id, port.interface as VirtualInterface | null);
    if (!block_devices && !interfaces) return instance;
    try {
      return await nova.update<Instance>(
        key,
        { set: { ...(block_devices && { block_devices }), ...(interfaces && { interfaces }), updated_at: now() }, add: { sequence: 1 } },
        // each change of state makes the one grow, each change by a user the other
        { host, sequence: instance.sequence, user_revision: instance.user_revision ?? absent() },
      );
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  throw new StoreBusy(`the devices of instance ${instance_uuid} are changing all the time`);
}

/** The list without its entry, or with the entry in the old one's place or at the end. */
function listed<T>(list: T[], is: (each: T) => boolean, entry: T | null): T[] {
  if (entry === null) return list.filter((each) => !is(each));
  return list.some(is) ? list.map((each) => (is(each) ? entry : each)) : [...list, entry];
}
