import type { CommandDone } from '../../../shared/agent/report.ts';
import type { CommandKind } from '../../../shared/agent/command.ts';
import type { RequestContext } from '../../../shared/identity/context.ts';
import type { Write } from '../../../shared/store/table.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import type { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import type { InstanceChange, novaConductor } from '../../../shared/rpc/topics/nova-conductor.ts';

export type Asked = Args<typeof novaCompute.methods.instance_action> & { context: RequestContext };
export type DeviceChange = Pick<Args<typeof novaConductor.methods.device_changed>, 'volume' | 'port'>;

export interface Prepared { args: Record<string, unknown>; writes?: Write[] }

/** One kind of server action: what the host is asked, what is done before and after it, and what it makes of the record. */
export interface ServerAction {
  kind: CommandKind;
  /** Nova's name of the action's event. */
  event: string;
  /** The host has so long. */
  seconds: number;
  /** Arguments of the command; may ask other services first. Safe to repeat. */
  args: (asked: Asked) => Prepared['args'] | Promise<Prepared['args']>;
  /** In its place, where the command goes with writes of its own; one of them refused: everything is asked for again. */
  prepare?: (asked: Asked) => Promise<Prepared>;
  /** State of the record after success. */
  change?: (report: CommandDone) => InstanceChange;
  /** What other services are told after success, and the record's device list. Safe to repeat. */
  done?: (asked: Asked, report: CommandDone) => Promise<DeviceChange>;
  /** Takes back what `args` did, where the host could not do it. Safe to repeat. */
  undo?: (asked: Asked) => Promise<DeviceChange>;
}
