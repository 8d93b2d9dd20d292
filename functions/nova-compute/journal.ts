import type { RequestContext } from '../../shared/identity/context.ts';
import type { CommandKind } from '../../shared/agent/command.ts';
import type { BlockDevice, Instance, VirtualInterface } from '../../shared/objects/instance.ts';
import type { Activated } from './build/reported.ts';
import { dueShards } from '../../shared/store/due-shards.ts';
import { table, type Key } from '../../shared/store/table.ts';
import { packStep, type PackedStep, recordedSteps, unpackStep } from '../../shared/telemetry/steps.ts';

/**
 * nova-compute's journal: what is under way on the hosts, and what was done of it, so that it can be driven on or undone by
 * whoever finds it. All of one instance (or volume, or security group) is one partition:
 *   SUBJECT#uuid / BUILD#attempt   a launch on a host
 *   SUBJECT#uuid / TERMINATE       the instance's deletion
 *   SUBJECT#uuid / COMMAND#id      a command that its host has not answered
 *   SUBJECT#uuid / INTERFACE#port  what its host was last told of an interface, METADATA of the metadata
 *   SUBJECT#group / MEMBERS#host   what a host was last told of a security group
 *   HOST#name    / COMMAND#time#id the command itself, where the host's agent reads it
 *   HOST#name    / ENROLMENT       the host's identity
 */
export const journal = table('nova-compute');

export const subjectPartition = (uuid: string) => `SUBJECT#${uuid}`;
export const buildKey = (uuid: string, attempt: number): Key => ({ pk: subjectPartition(uuid), sk: `BUILD#${String(attempt).padStart(3, '0')}` });
export const terminationKey = (uuid: string): Key => ({ pk: subjectPartition(uuid), sk: 'TERMINATE' });
export const pendingKey = (subject: string, commandId: string): Key => ({ pk: subjectPartition(subject), sk: `COMMAND#${commandId}` });

/** Someone is at work on a record, until then; nobody else touches it. See lease.ts. */
export interface Leased extends Key { lease_owner?: string; lease_until?: string }
export interface Due { due_pk?: string; due_at?: string }

export interface Failure { reason: string; /** Another host may do better. */ retry: boolean }

/**
 * A launch on a host. building → (waiting for volumes →) spawning → done; or, whenever it fails, → undoing → undone.
 * Whatever may have been made is known before it is made: ports are found by the instance's id, volumes by the key they were asked for with.
 */
export interface Build extends Leased, Due {
  kind: 'build';
  state: 'building' | 'waiting' | 'spawning' | 'undoing' | 'done' | 'undone';
  instance_uuid: string;
  project_id: string;
  host: string;
  attempt: number;
  alternates: string[];
  request_id: string;
  /** ISO 8601: when the launch on this host began. */
  started_at: string;
  /** A deletion wants it to stop. */
  cancelled?: boolean;
  // until it is over
  context?: RequestContext;
  instance?: Instance;
  console_public_key?: string;
  interfaces?: VirtualInterface[];
  /** Volumes may have been made here, whether their ids are known or not. */
  makes_volumes?: boolean;
  block_devices?: BlockDevice[];
  /** The launch's steps here, to be told with its end, which may have to be told again; `stepsIn` reads them. */
  steps?: PackedStep[];
  failure?: Failure;
  /** What was told of its success. */
  activated?: Activated;
  expires_at?: number;
  [attribute: string]: unknown;
}

/** The launch's steps so far, as its record keeps them, and back. */
export const packedSteps = (requestId: string): PackedStep[] => recordedSteps().map((step) => packStep(step, requestId));
export const stepsIn = ({ steps = [], request_id }: Pick<Build, 'steps' | 'request_id'>) => steps.map((step) => unpackStep(step, request_id));

/** An instance's deletion: cancelling (its launch) → destroying (on its host) → releasing (ports, volumes) → done. */
export interface Termination extends Leased, Due {
  kind: 'termination';
  state: 'cancelling' | 'destroying' | 'releasing' | 'failed' | 'done';
  instance_uuid: string;
  project_id: string;
  host: string | null;
  sequence: number;
  request_id: string;
  started_at: string;
  context?: RequestContext;
  interfaces: VirtualInterface[];
  block_devices: BlockDevice[];
  expires_at?: number;
  [attribute: string]: unknown;
}

/** What a command belongs to, and so what follows from its report; `context` is of whoever asked, where nothing else keeps it. */
export type Purpose =
  | { for: 'build'; attempt: number }
  | { for: 'termination' }
  | { for: 'action'; action: string; args: Record<string, unknown>; sequence: number; request_id: string; started_at: string; more?: Record<string, unknown>; context: RequestContext }
  | { for: 'volume'; context: RequestContext }
  | { for: 'interface'; port_id: string }
  | { for: 'security_group' }
  | { for: 'metadata' }
  /** Nothing: a guest that should not be is taken away. */
  | { for: 'cleaning' };

/** A command that waits for its host's report. */
export interface Pending extends Key, Due {
  kind: 'command';
  command_id: string;
  command_kind: CommandKind;
  subject: string;
  project_id: string;
  host: string;
  /** The sort key of the command itself. */
  command_sk: string;
  not_after: string;
  rings: number;
  purpose: Purpose;
  [attribute: string]: unknown;
}

export const inFlight = dueShards('DUE', { count: 2, once: 4 });
/** The sweeper looks at it once `at` has passed. */
export const due = (uuid: string, at: Date | number): Required<Due> => ({ due_pk: inFlight.of(uuid), due_at: new Date(at).toISOString() });

/** What is over is remembered for longer than any message about it can be under way (SQS keeps one 14 days). */
export const remembered = () => Math.floor(Date.now() / 1000) + 15 * 86_400;
