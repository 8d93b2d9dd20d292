import type { Static } from '@sinclair/typebox';
import type { WebSocket } from 'ws';
import type { CommandKind, commandArgs } from '../../shared/agent/command.ts';
import type { Heartbeat } from '../../shared/agent/report.ts';
import type { PowerState } from '../../shared/objects/instance.ts';

/** Why an action came to nothing, in words for the user. `retryable`: another host may do better. */
export class ActionFailed extends Error {
  override name = 'ActionFailed';
  readonly retryable: boolean;
  constructor(message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable ?? false;
  }
}

/** One doing of one command. */
export interface Job {
  /** The command's id. An action that comes again with it, after a crash, goes on where it was and has its effect once. */
  id: string;
  /** Aborted when the result is of no use any more (late, or the instance is being deleted): end soon, and throw. */
  signal: AbortSignal;
}

export interface Done { power_state?: PowerState; details?: Record<string, unknown> }
export type Args<K extends CommandKind> = Static<(typeof commandArgs)[K]>;
type Action<K extends CommandKind> = (args: Args<K>, job: Job) => Promise<Done>;

/**
 * What a hypervisor does, one action per kind of command. The agent has checked the arguments and keeps the order within one
 * instance. Each action may be called again after a crash at any point of it. States are Nova's power states.
 */
export interface Actions extends Record<CommandKind, Action<any>> {
  /** Before: no guest of this name, or a part of one that a crash left. After: RUNNING. On an error, what was made may stay: destroy follows. */
  spawn: Action<'spawn'>;
  /** Before: anything, also nothing. After: no trace of the guest; its volumes are free and whole. */
  destroy: Action<'destroy'>;
  /** Before: any state. After: SHUTDOWN; the guest gets `timeout` seconds to do it by itself. */
  stop: Action<'stop'>;
  /** Before: SHUTDOWN, CRASHED or RUNNING. After: RUNNING. */
  start: Action<'start'>;
  /** Before: SOFT: RUNNING; HARD: any state. After: RUNNING. */
  reboot: Action<'reboot'>;
  /** Before: RUNNING or PAUSED. After: PAUSED. */
  pause: Action<'pause'>;
  /** Before: PAUSED or RUNNING. After: RUNNING. */
  unpause: Action<'unpause'>;
  /** Before: RUNNING, PAUSED or SUSPENDED. After: SUSPENDED, with the memory on disk. */
  suspend: Action<'suspend'>;
  /** Before: SUSPENDED or RUNNING. After: RUNNING. */
  resume: Action<'resume'>;
  /** Before: any state; the volume is in this host's pool and no other guest has it. After: the guest has it under the device's name. */
  attach_volume: Action<'attach_volume'>;
  /** Before: any state. After: the guest doesn't have it. */
  detach_volume: Action<'detach_volume'>;
  /** Before: any state. After: the guest has the interface, as it is described now. */
  attach_interface: Action<'attach_interface'>;
  /** Before: any state. After: the guest doesn't have it. */
  detach_interface: Action<'detach_interface'>;
  /** Before: any state. After: the interface, if the guest has it, obeys the rules as they are now. */
  refresh_interface: Action<'refresh_interface'>;
  /** Before: anything. After: the ports' rules that name the group go by this, and `details.kept` is true; false where there is no such rule. */
  refresh_security_group: Action<'refresh_security_group'>;
  /** Before: any state. After: the guest's metadata service tells the new. */
  refresh_metadata: Action<'refresh_metadata'>;
  /** Before: no such volume, or one of that size. After: it's in the pool. Its source (volume of this pool, or image) is copied. */
  create_volume: Action<'create_volume'>;
  /** Before: no guest has it. After: it's gone. */
  delete_volume: Action<'delete_volume'>;
}

/** The part of a heartbeat that the driver knows. */
export type HypervisorFacts = Omit<Heartbeat, 'sent_at' | 'agent_version' | 'console_url'>;

export interface Driver {
  actions: Actions;
  facts(): Promise<HypervisorFacts>;
  /** Everything that runs or rests here, with its state now. */
  guests(): { uuid: string; power_state: PowerState }[];
  /** Security groups that rules of guests' ports name, and of whose members this host has not been told. */
  unknownGroups(): string[];
  /** The last `bytes` of the guest's console; undefined where there is no such guest. */
  consoleLog(uuid: string, bytes: number): Promise<Buffer | undefined>;
  /** The page that a browser opens as the console; it takes the websocket's address from its query's `path`. */
  consolePage(): string;
  /** Joins a browser's websocket with the guest's console; the caller has checked that it may. */
  joinConsole(uuid: string, socket: WebSocket): void;
  /** After all guests were destroyed, for a host that goes: networks, volumes, cached images and whatever else lies outside the driver's folder are gone then. */
  purge?(): Promise<void>;
  /** A message for the driver alone, from the ring socket. */
  message?(message: unknown): Promise<void>;
}

/** What the agent gives to a driver. */
export interface DriverSurroundings {
  host: string;
  /** The driver's own folder. */
  folder: string;
  /** Where an operator wants the disks. */
  storageDir?: string | undefined;
  capacity: { vcpus: number; memory_mb: number; local_gb: number };
  images: Images;
  /** The guest's console says more than before. */
  consoleChanged(uuid: string): void;
  /** The guest's state changed and no command asked for it. */
  powerChanged(uuid: string, state: PowerState): void;
}

export interface ImageReference { id: string; location: string; size: number; checksum: string | null }
export interface Images {
  /** Fetches the image by its location and checks it against size and checksum; keeps nothing. Throws ActionFailed. */
  verify(image: ImageReference, signal: AbortSignal): Promise<void>;
  /**
   * Fetches it into a new file, checked in the same way and on disk; what is zero takes no room. Where it fails there is no file.
   * Throws ActionFailed, or the file system's error (ENOSPC).
   */
  fetch(image: ImageReference, file: string, signal: AbortSignal): Promise<void>;
}
