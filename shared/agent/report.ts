import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { Uuid } from './command.ts';

/** So many unknown groups a report may name; what is left is named by the next one. */
export const MOST_UNKNOWN_GROUPS = 32;

/** What an agent tells, on two queues: `host-reports` (command_done, power_states) and `host-heartbeats` (heartbeat). */
export const CommandDone = Type.Object({
  command_id: Type.String(),
  kind: Type.String(),
  subject: Type.String(),
  attempt: Type.Integer(),
  outcome: Type.Union([Type.Literal('done'), Type.Literal('failed'), Type.Literal('refused')]), // refused: late or of an older attempt; nothing was done
  /** For the user: why it failed. */
  reason: Type.Optional(Type.String()),
  /** Trying it on another host may help. */
  retryable: Type.Optional(Type.Boolean()),
  power_state: Type.Optional(Type.Integer()),
  started_at: Type.String(),
  finished_at: Type.String(),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  /** Security groups that rules of the host's ports name, and of whose members it has not been told. */
  unknown_groups: Type.Optional(Type.Array(Uuid, { maxItems: MOST_UNKNOWN_GROUPS })),
  /** The agent reads commands that are kept in bytes; one that does not say so gets them attribute by attribute. */
  reads_compressed: Type.Optional(Type.Boolean()),
});
export type CommandDone = Static<typeof CommandDone>;

/** Power states that changed without a command: a guest shut down from inside. */
export const PowerStates = Type.Object({ observed_at: Type.String(), guests: Type.Array(Type.Object({ instance_uuid: Type.String(), power_state: Type.Integer() })) });
export type PowerStates = Static<typeof PowerStates>;

export const Heartbeat = Type.Object({
  sent_at: Type.String(),
  agent_version: Type.String(),
  driver: Type.String(),
  hypervisor_type: Type.String(),
  hypervisor_version: Type.Integer(),
  host_ip: Type.String(),
  architecture: Type.String(),
  supported_instances: Type.Array(Type.Tuple([Type.String(), Type.String(), Type.String()])),
  cpu_info: Type.Record(Type.String(), Type.Unknown()),
  vcpus: Type.Integer(),
  memory_mb: Type.Integer(),
  local_gb: Type.Integer(),
  traits: Type.Array(Type.String()),
  guests: Type.Array(Type.String()), // uuids of all that runs or rests here
  volume_pool: Type.Object({ total_gb: Type.Number(), free_gb: Type.Number() }),
  console_url: Type.String(),
});
export type Heartbeat = Static<typeof Heartbeat>;

export const reportMethods = { command_done: CommandDone, power_states: PowerStates, heartbeat: Heartbeat } as const;
export type ReportMethod = keyof typeof reportMethods;

/** On the queue: the payload as the very text that was signed (a Report in JSON), and the host's Ed25519 signature of it in base64. */
export const SignedReport = Type.Object({ host: Type.String(), payload: Type.String(), signature: Type.String() });
export type SignedReport = Static<typeof SignedReport>;
export interface Report<M extends ReportMethod = ReportMethod> { version: 1; id: string; host: string; method: M; args: Static<(typeof reportMethods)[M]> }
