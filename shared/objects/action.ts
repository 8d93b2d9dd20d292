import { type Step, unpackSteps } from '../telemetry/steps.ts';
import type { Key } from '../store/table.ts';

export interface ActionEvent { event: string; start_time: string; finish_time: string | null; result: 'Success' | 'Error' | null; host?: string; traceback?: string; details?: string }

/** One action on an instance (os-instance-actions), with its events and, for a launch, its steps. Key: the request's id. */
export interface InstanceAction extends Key {
  instance_uuid: string;
  project_id: string;
  user_id: string;
  request_id: string;
  /** What that request belonged to elsewhere, where it said so: an orchestrator's request, an event. */
  global_request_id?: string;
  action: string; // create, stop, start, reboot, delete, attach_volume, …
  start_time: string; // ISO 8601 with milliseconds
  updated_at: string;
  message: string | null; // 'Error' on failure
  /** By event name: a repeated message overwrites its own entry. */
  events: Record<string, ActionEvent>;
  /** Some at a time (`packSteps`); `stepsOf` reads them. */
  steps: Record<string, Uint8Array>;
  /** What each filter said of the hosts, where none was left: filter name → hosts refused. */
  filter_verdicts?: { filter: string; before: number; after: number; refused?: string[] }[];
  [attribute: string]: unknown;
}

export const actionKey = (uuid: string, requestId: string): Key => ({ pk: `SERVER#${uuid}`, sk: `ACTION#${requestId}` });
export const ACTIONS = 'ACTION#';

/** The steps of an action's record, in the order of their numbers. */
export const stepsOf = ({ steps, request_id }: Pick<InstanceAction, 'steps' | 'request_id'>): Step[] => unpackSteps(Object.values(steps), request_id);
