import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { lean } from '../aws/lean.ts';
import { batched, tenInOneRequest } from '../batching.ts';
import { environment } from '../deployment/declaration.ts';
import { requireEnv } from '../environment.ts';
import type { InstanceAction } from '../objects/action.ts';
import type { Instance } from '../objects/instance.ts';
import { factsOf, log } from '../telemetry/log.ts';

/** What is told of: by the action that a request begins (its `.start`), and by the action's event that ends it (`.end` or `.error`). */
const told = [
  { name: 'create', event: 'compute__do_build_and_run_instance' }, // its start is told when a host takes it
  { name: 'delete', action: 'delete' }, // its end is no event of the action: the record goes
  { name: 'power_off', action: 'stop', event: 'compute_stop_instance' },
  { name: 'power_on', action: 'start', event: 'compute_start_instance' },
  { name: 'reboot', action: 'reboot', event: 'compute_reboot_instance' },
  { name: 'pause', action: 'pause', event: 'compute_pause_instance' },
  { name: 'unpause', action: 'unpause', event: 'compute_unpause_instance' },
  { name: 'suspend', action: 'suspend', event: 'compute_suspend_instance' },
  { name: 'resume', action: 'resume', event: 'compute_resume_instance' },
  { name: 'volume.attach', action: 'attach_volume', event: 'compute_attach_volume' },
  { name: 'volume.detach', action: 'detach_volume', event: 'compute_detach_volume' },
  { name: 'interface.attach', action: 'attach_interface', event: 'compute_attach_interface' },
  { name: 'interface.detach', action: 'detach_interface', event: 'compute_detach_interface' },
] as const satisfies { name: string; action?: string; event?: string }[];

/** As Nova's notifications, with the prefix `compute.instance.` */
export type InstanceEvent = `${(typeof told)[number]['name']}.${'start' | 'end' | 'error'}`;

/** What is told when a request begins an action; undefined where nothing is. */
export function startOf(action: string): InstanceEvent | undefined {
  const name = told.find((each) => 'action' in each && each.action === action)?.name;
  return name && `${name}.start`;
}

/** What is told when an action's event is over; undefined where nothing is. */
export function endOf(event: string, { failed }: { failed: boolean }): InstanceEvent | undefined {
  const name = told.find((each) => 'event' in each && each.event === event)?.name;
  return name && `${name}.${failed ? 'error' : 'end'}`;
}

export const EVENT_SOURCE = 'novaless.compute';
let client: EventBridgeClient | undefined;

/** A request, and what it belonged to elsewhere. */
type Asking = Pick<InstanceAction, 'request_id' | 'global_request_id'>;

/**
 * Publishes `compute.instance.*` on the event bus, as a notification driver would: best effort, once or more often;
 * what it is about never fails because of it. Neither user data nor keys are in it.
 * `asked` is the request that it is about, the launch's own where not given. `global_request_id` is what that belonged to (`req-` and the
 * id of an event that asked for it).
 */
export async function notifyInstance(
  event: InstanceEvent, instance: Instance, more: Record<string, unknown> = {},
  asked: Asking = { request_id: instance.create_request_id, ...(instance.create_global_request_id && { global_request_id: instance.create_global_request_id }) },
): Promise<void> {
  const Detail = JSON.stringify({
    tenant_id: instance.project_id, user_id: instance.user_id, instance_id: instance.uuid, display_name: instance.display_name, host: instance.host,
    availability_zone: instance.host_availability_zone ?? instance.availability_zone, state: instance.vm_state, old_task_state: instance.task_state,
    instance_type: instance.flavor.name, vcpus: instance.flavor.vcpus, memory_mb: instance.flavor.memory_mb, root_gb: instance.flavor.root_gb,
    disk_gb: instance.flavor.root_gb + instance.flavor.ephemeral_gb, ephemeral_gb: instance.flavor.ephemeral_gb, hostname: instance.hostname,
    reservation_id: instance.reservation_id, metadata: instance.metadata, power_state: instance.power_state,
    image_ref: instance.image_ref, created_at: instance.created_at, launched_at: instance.launched_at,
    fixed_ips: instance.interfaces.flatMap(({ fixed_ips }) => fixed_ips.map(({ ip_address }) => ip_address)),
    request_id: asked.request_id, global_request_id: asked.global_request_id ?? null, ...more,
  });
  log.info('notification', { event, instance: instance.uuid, host: instance.host, ...('reason' in more && { reason: more['reason'] }), request_id: asked.request_id });
  try {
    await publish({ EventBusName: requireEnv(environment.bus), Source: EVENT_SOURCE, DetailType: `compute.instance.${event}`, Detail });
  } catch (error) {
    log.warn('notification lost', { event, instance: instance.uuid, ...factsOf(error) });
  }
}

type Entry = PutEventsRequestEntry & { Detail: string };

const publish = batched<Entry>({
  fit: tenInOneRequest(({ Detail }) => Detail),
  async send(entries) {
    client ??= lean(EventBridgeClient, {});
    const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: entries }));
    return entries.map((_, index) => (Entries[index]?.ErrorCode ? new Error(Entries[index].ErrorMessage ?? 'the event was refused') : undefined));
  },
});
