import { randomUUID } from 'node:crypto';
import type { RequestContext } from '../../../../shared/identity/context.ts';
import { actionKey, type InstanceAction } from '../../../../shared/objects/action.ts';
import { allServersIndex, dueInstance, type Instance, instanceKey, SCHEDULING_SECONDS, secondsOf } from '../../../../shared/objects/instance.ts';
import { packSteps, type Step } from '../../../../shared/telemetry/steps.ts';
import { madeAt } from '../uuid.ts';
import type { LaunchPlan } from './plan.ts';
import type { LaunchRequest } from './request.ts';

/** The first record of each new instance: BUILD, task `scheduling`, due before long. */
export function newInstances(asked: LaunchRequest, plan: LaunchPlan, count: number, context: RequestContext, uuids: (index: number) => string): Instance[] {
  const reservationId = `r-${randomUUID().replaceAll('-', '').slice(0, 8)}`;
  const several = asked.maxCount > 1;
  return Array.from({ length: count }, (_, index): Instance => {
    const uuid = uuids(index);
    const createdAt = secondsOf(madeAt(uuid) ?? new Date()); // lists go by either
    const suffix = several ? `-${index + 1}` : '';
    const { flavor } = plan;
    const forcedHost = asked.zone.host ?? asked.requestedHost ?? plan.volumeHost;
    const forcedNode = asked.zone.node ?? asked.requestedNode;
    return {
      ...instanceKey(context.project_id!, uuid),
      uuid,
      project_id: context.project_id!,
      user_id: context.user_id,
      display_name: asked.name + suffix,
      display_description: asked.description,
      hostname: asked.hostname ?? hostnameOf(asked.name, suffix, uuid),
      reservation_id: reservationId,
      launch_index: index,
      created_at: createdAt,
      updated_at: createdAt,
      launched_at: null,
      terminated_at: null,
      vm_state: 'building',
      task_state: 'scheduling',
      power_state: 0,
      host: null,
      node: null,
      availability_zone: asked.zone.name,
      sequence: 0,
      attempt: 0,
      flavor: {
        flavorid: flavor.flavorid, name: flavor.name, vcpus: flavor.vcpus, memory_mb: flavor.memory_mb, root_gb: flavor.root_gb, ephemeral_gb: flavor.ephemeral_gb,
        swap: flavor.swap, rxtx_factor: flavor.rxtx_factor, extra_specs: flavor.extra_specs,
      },
      image_ref: asked.imageRef,
      image_properties: plan.imageProperties,
      key_name: plan.keyPair?.name ?? null,
      key_data: plan.keyPair?.public_key ?? null,
      user_data: asked.userData,
      config_drive: asked.configDrive,
      metadata: asked.metadata,
      tags: asked.tags,
      security_groups: plan.securityGroups,
      requested_networks: plan.networks,
      ...(plan.networkHosts.length > 0 && { network_hosts: plan.networkHosts }),
      block_devices: plan.devices,
      interfaces: [],
      scheduler_hints: asked.hints,
      ...(forcedHost && { forced_host: forcedHost }),
      ...(forcedNode && { forced_node: forcedNode }),
      access_ip_v4: asked.accessIPv4,
      access_ip_v6: asked.accessIPv6,
      disk_config: asked.diskConfig,
      locked: false,
      locked_reason: null,
      create_request_id: context.request_id,
      ...(context.global_request_id && { create_global_request_id: context.global_request_id }),
      ...dueInstance(uuid, new Date(Date.now() + SCHEDULING_SECONDS * 1000)),
      ...allServersIndex(uuid, createdAt),
    };
  });
}

/** As Nova makes a host name of a server's name: what DNS does not take is left out. */
export function hostnameOf(name: string, suffix: string, uuid: string): string {
  const base = name.normalize('NFKD').replace(/[\s_.]/g, '-').replace(/[^A-Za-z0-9-]/g, '').toLowerCase().replace(/^-+|-+$/g, '');
  if (base === '') return `server-${uuid}`;
  return `${base.slice(0, 63 - suffix.length).replace(/-+$/, '')}${suffix}`;
}

/** The action that the launch's steps and events are written to. */
export const createAction = (instance: Instance, startedAt: string, steps: Step[]): InstanceAction => ({
  ...actionKey(instance.uuid, instance.create_request_id),
  instance_uuid: instance.uuid,
  project_id: instance.project_id,
  user_id: instance.user_id,
  request_id: instance.create_request_id,
  ...(instance.create_global_request_id && { global_request_id: instance.create_global_request_id }),
  action: 'create',
  start_time: startedAt,
  updated_at: startedAt,
  message: null,
  events: {},
  steps: packSteps(steps, instance.create_request_id),
});
