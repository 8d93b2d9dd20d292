import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { topic } from '../topic.ts';

const Nullable = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);

/** What a message may change of an instance's state; see shared/objects/instance.ts. */
export const InstanceChange = Type.Object({
  vm_state: Type.Optional(Type.String()),
  task_state: Type.Optional(Nullable(Type.String())),
  power_state: Type.Optional(Type.Integer()),
  /** When, by the host's clock: what was seen before then is no news. */
  power_observed_at: Type.Optional(Type.String()),
  launched_at: Type.Optional(Nullable(Type.String())),
  interfaces: Type.Optional(Type.Array(Type.Unknown())),
  block_devices: Type.Optional(Type.Array(Type.Unknown())),
  fault: Type.Optional(Type.Object({ code: Type.Integer(), message: Type.String(), details: Type.Optional(Type.String()) })),
});
export type InstanceChange = Static<typeof InstanceChange>;

/** An event of an action that began, or ended. */
const ActionEvent = Type.Object({ name: Type.String(), start: Type.String(), finish: Type.Optional(Type.String()), result: Type.Optional(Type.String()), details: Type.Optional(Type.String()) });

const Named = { instance_uuid: Type.String(), project_id: Type.String() };

export const novaConductor = topic('nova-conductor', {
  /** Step 14's question, 16's read, 17's answer: all that a host's build needs of the instance. Null: it is gone, or has moved on. */
  instance_get: {
    args: Type.Object({ ...Named, host: Type.String(), attempt: Type.Integer() }),
    result: Type.Union([Type.Object({ instance: Type.Record(Type.String(), Type.Unknown()), console_public_key: Type.String() }), Type.Null()]),
  },
  /**
   * A change of state. A build's (with `attempt`) is applied while the instance is being built there by that attempt and is not further on;
   * an action's while the task that its request began is under way.
   */
  instance_update: {
    args: Type.Object({
      ...Named,
      host: Type.String(),
      attempt: Type.Optional(Type.Integer()), // of a build
      change: InstanceChange,
      /** The action that this belongs to, and the event of it that begins or ends. */
      request_id: Type.String(),
      event: Type.Optional(ActionEvent),
    }),
  },
  /** A volume or a port came to a running instance, or went: the record's own entry of it, or null where it has none any more. */
  device_changed: {
    args: Type.Object({
      ...Named, host: Type.String(), request_id: Type.String(), event: ActionEvent,
      volume: Type.Optional(Type.Object({ volume_id: Type.String(), block_device: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]) })),
      port: Type.Optional(Type.Object({ port_id: Type.String(), interface: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]) })),
    }),
  },
  /**
   * A build failed on a host and is undone there: the next alternate, or ERROR. `undoing`: it failed for good, but what it has to let go of
   * is held by a service that does not answer: ERROR now, so that its user knows; the claim waits for the message that says it is undone.
   */
  build_failed: {
    args: Type.Object({
      ...Named, host: Type.String(), attempt: Type.Integer(), alternates: Type.Array(Type.String()), reason: Type.String(), retry: Type.Boolean(), request_id: Type.String(),
      undoing: Type.Optional(Type.Boolean()),
    }),
  },
  /** Guests whose power state changed without a command, as their host saw them. */
  power_states_observed: {
    args: Type.Object({ host: Type.String(), observed_at: Type.String(), guests: Type.Array(Type.Object({ instance_uuid: Type.String(), power_state: Type.Integer() })) }),
  },
  /** Everything of the instance is undone on its host and in the other services: the record and its claim can go. */
  instance_destroyed: { args: Type.Object({ ...Named, host: Nullable(Type.String()), request_id: Type.String() }) },
  /** An operator enrolled a host, or gave it a new key. */
  host_enrolled: { args: Type.Object({ host: Type.String(), managed_instance_id: Type.String(), public_key: Type.String(), console_url: Type.String() }) },
});
