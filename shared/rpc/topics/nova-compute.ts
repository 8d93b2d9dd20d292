import * as Type from '@sinclair/typebox';
import { topic } from '../topic.ts';
import { novaConductor } from './nova-conductor.ts';

const OnHost = { instance_uuid: Type.String(), project_id: Type.String(), host: Type.String() };

export const novaCompute = topic(
  'nova-compute',
  {
    /** Step 12: launch this instance on that host. */
    build_and_run_instance: { args: Type.Object({ ...OnHost, attempt: Type.Integer(), alternates: Type.Array(Type.String()), request_id: Type.String() }) },
    /** nova-conductor has heard nothing of a launch for a while: it goes on, is undone, or its end is told again. */
    build_overdue: { args: Type.Object({ ...OnHost, attempt: Type.Integer(), alternates: Type.Array(Type.String()), request_id: Type.String() }) },
    /**
     * A server action on the host that has the instance: stop, start, reboot, pause, unpause, suspend, resume, attach_volume, detach_volume,
     * attach_interface, detach_interface. `args` is the action's own; `sequence` is the record's when nova-api set the task state.
     */
    instance_action: {
      args: Type.Object({ ...OnHost, action: Type.String(), args: Type.Record(Type.String(), Type.Unknown()), sequence: Type.Integer(), request_id: Type.String() }),
    },
    /**
     * What ports may send and receive, or who they may hear from, changed: the hosts that have them are given their present state,
     * which is asked of neutron, so that neither order nor repetition of these messages matters.
     */
    refresh_interfaces: { args: Type.Object({ port_ids: Type.Array(Type.String(), { maxItems: 100 }) }) },
    /**
     * Who is in a security group changed: the hosts whose ports' rules name it are told who is in it now, which is asked of neutron.
     * With `host`: that one does not know, and is told whatever it was told before.
     */
    refresh_security_group: { args: Type.Object({ security_group_id: Type.String(), host: Type.Optional(Type.String()) }) },
    /** The name or the metadata of an instance on a host changed; `revision` grows with every change. */
    refresh_metadata: { args: Type.Object({ ...OnHost, name: Type.String(), metadata: Type.Record(Type.String(), Type.String()), revision: Type.Integer() }) },
    /** Undo all that the instance has: on its host (null: it never had one), ports, volumes; then instance_destroyed. */
    terminate_instance: {
      args: Type.Object({
        instance_uuid: Type.String(), project_id: Type.String(), host: Type.Union([Type.String(), Type.Null()]), sequence: Type.Integer(), request_id: Type.String(),
        interfaces: Type.Array(Type.Unknown()), block_devices: Type.Array(Type.Unknown()),
      }),
    },
    /** A host has a guest that belongs to no instance there: it is taken away. */
    reap_guest: { args: Type.Object({ host: Type.String(), instance_uuid: Type.String() }) },
    /** cinder-volume's reach into a host's pool. */
    create_volume: {
      args: Type.Object({
        host: Type.String(), volume_id: Type.String(), project_id: Type.String(), size_gb: Type.Integer(),
        image: Type.Optional(Type.Object({ id: Type.String(), location: Type.String(), size: Type.Integer(), checksum: Type.Union([Type.String(), Type.Null()]), disk_format: Type.String() })),
        source_volume_id: Type.Optional(Type.String()),
      }),
    },
    delete_volume: { args: Type.Object({ host: Type.String(), volume_id: Type.String(), project_id: Type.String() }) },
    /** cinder says that a volume made in a launch is there, or failed: the launch goes on. */
    volume_ready: { args: Type.Object({ instance_uuid: Type.String(), project_id: Type.String(), volume_id: Type.String(), status: Type.String(), reason: Type.Optional(Type.String()) }) },
  },
  {
    /** Steps 17 and 18: the instance information that the build goes on with. */
    instance_got: {
      to: novaConductor.methods.instance_get,
      passback: Type.Object({ ...OnHost, attempt: Type.Integer(), alternates: Type.Array(Type.String()), request_id: Type.String() }),
    },
  },
);
