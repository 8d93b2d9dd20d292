import type { SubjectRecord } from './records.ts';

interface Asked { kind: string; attempt: number; not_after: string }

/** Why a command must not be done any more: the instance may by now be somewhere else, or gone. */
export function refusal({ kind, attempt, not_after }: Asked, record: SubjectRecord, now: number): string | undefined {
  if (now > Date.parse(not_after)) return 'The command came too late.';
  if (attempt > 0 && attempt < record.attempt) return `Attempt ${attempt} is over: this host has seen attempt ${record.attempt}.`;
  if (kind === 'spawn' && record.tombstone && (record.tombstone.attempt === null || attempt <= record.tombstone.attempt)) return 'The instance was destroyed on this host.';
  return undefined;
}

/** Takes note of what a command means for later ones; saved before the command's first effect. */
export function fence({ kind, attempt }: Asked, record: SubjectRecord): void {
  record.attempt = Math.max(record.attempt, attempt);
  if (kind !== 'destroy') return;
  const before = record.tombstone?.attempt;
  record.tombstone = { attempt: attempt === 0 || before === null ? null : Math.max(attempt, before ?? 0) };
}
