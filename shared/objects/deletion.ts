import { absent, exists, not } from '../store/condition.ts';
import { pack } from '../store/packing.ts';
import type { Key, Write } from '../store/table.ts';
import { instanceKey, secondsOf, type Instance } from './instance.ts';

/** That there is such an instance. Those that earlier code deleted are where they were. */
export const living = { pk: exists(), vm_state: not('deleted') };

/** Deleted instances are remembered for `changes-since`, for admins and for their actions. Nothing counts them (see quota.ts for the release of their quota). */
const DELETED_DAYS = 7;
/** Epoch seconds. */
export const forgottenAt = (deleted = new Date()) => Math.floor(deleted.getTime() / 1000) + DELETED_DAYS * 86_400;
/** By a key of their own, so that a list of servers does not read what a week has left. */
export const DELETED = 'DELETED#';
export const deletedKey = (projectId: string, uuid: string): Key => ({ pk: `PROJECT#${projectId}`, sk: `${DELETED}${uuid}` });

/** What makes an instance a deleted one (by nova-conductor, once all of it is undone). Refused (first write) where it is not as it was read. */
export function deletionWrites({ due_pk: _pk, due_at: _at, alternates: _alternates, ...instance }: Instance, at = new Date()): Write[] {
  const { project_id, uuid, sequence, user_revision } = instance;
  const gone = {
    ...instance, ...deletedKey(project_id, uuid), gsi1pk: DELETED + uuid.at(-1), sequence: sequence + 1, expires_at: forgottenAt(at),
    vm_state: 'deleted', task_state: null, power_state: 0, host: null, node: null, interfaces: [], terminated_at: secondsOf(at), updated_at: secondsOf(at),
  };
  return [
    { delete: instanceKey(project_id, uuid), if: { sequence, user_revision: user_revision ?? absent() } },
    { put: pack('nova', gone) },
  ];
}
