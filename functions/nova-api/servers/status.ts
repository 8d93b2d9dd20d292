import type { Instance } from '../../../shared/objects/instance.ts';

/** A server's status by its vm_state, and by its task_state where that says more. */
const statuses: Record<string, { default: string } & Record<string, string>> = {
  active: { default: 'ACTIVE', rebooting: 'REBOOT', reboot_pending: 'REBOOT', reboot_started: 'REBOOT', rebooting_hard: 'HARD_REBOOT', reboot_pending_hard: 'HARD_REBOOT', reboot_started_hard: 'HARD_REBOOT' },
  building: { default: 'BUILD' },
  stopped: { default: 'SHUTOFF' },
  paused: { default: 'PAUSED' },
  suspended: { default: 'SUSPENDED' },
  rescued: { default: 'RESCUE' },
  resized: { default: 'VERIFY_RESIZE' },
  error: { default: 'ERROR' },
  deleted: { default: 'DELETED' },
  'soft-delete': { default: 'SOFT_DELETED' },
  shelved: { default: 'SHELVED' },
  shelved_offloaded: { default: 'SHELVED_OFFLOADED' },
};

export function statusOf({ vm_state, task_state }: Pick<Instance, 'vm_state' | 'task_state'>): string {
  const states = statuses[vm_state];
  return states?.[task_state ?? 'default'] ?? states?.default ?? 'UNKNOWN';
}

const known = new Set(Object.values(statuses).flatMap((states) => Object.values(states)).map((status) => status.toLowerCase()));
export const isStatus = (status: string) => known.has(status.toLowerCase());
