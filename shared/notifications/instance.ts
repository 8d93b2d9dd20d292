import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { environment } from '../deployment/declaration.ts';
import { requireEnv } from '../environment.ts';
import type { InstanceAction } from '../objects/action.ts';
import type { Instance } from '../objects/instance.ts';
import { factsOf, log } from '../telemetry/log.ts';

/** What a request asks of an instance that is there. */
export type InstanceTask = 'delete' | 'power_on' | 'power_off' | 'reboot' | 'pause' | 'unpause' | 'suspend' | 'resume' | 'volume.attach' | 'volume.detach' | 'interface.attach' | 'interface.detach';

/** As Nova's notifications, with the prefix `compute.instance.` */
export type InstanceEvent = `${'create' | InstanceTask}.${'start' | 'end' | 'error'}`;

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
  client ??= new EventBridgeClient({});
  try {
    const { FailedEntryCount, Entries } = await client.send(new PutEventsCommand({
      Entries: [{ EventBusName: requireEnv(environment.bus), Source: EVENT_SOURCE, DetailType: `compute.instance.${event}`, Detail }],
    }));
    if (FailedEntryCount) throw new Error(Entries?.[0]?.ErrorMessage ?? 'the event was refused');
  } catch (error) {
    log.warn('notification lost', { event, instance: instance.uuid, ...factsOf(error) });
  }
}
