import type { Static } from '@sinclair/typebox';
import { commandArgs, commandSortKey, hostPartition, type Command, type CommandKind } from '../../../shared/agent/command.ts';
import { absent } from '../../../shared/store/condition.ts';
import { compressed } from '../../../shared/compression.ts';
import type { Write } from '../../../shared/store/table.ts';
import { due, pendingKey, type Pending, type Purpose } from '../journal.ts';

/** After a command's not_after the host does nothing any more; so much later that is certain, whatever the clocks say. */
export const FENCE_MS = 30_000;
/** An unanswered command is rung for again after so long, then after twice that, … */
const RING_AGAIN_MS = 15_000;

export interface Order<K extends CommandKind> {
  /** Deterministic where the same order may be given twice: a command is done once. */
  id: string;
  kind: K;
  host: string;
  subject: string;
  project_id: string;
  attempt?: number;
  /** Seconds until the host must not do it any more. */
  seconds: number;
  args: Static<(typeof commandArgs)[K]>;
  purpose: Purpose;
  /** In bytes: the host's agent reads them, and a spawn takes one kilobyte instead of three, members of a large group a third or less. */
  small?: boolean;
}

/** The writes that give a command: the item that the host reads, and what nova-compute keeps until the report. */
export function order<K extends CommandKind>({ id, kind, host, subject, project_id, attempt = 0, seconds, args, purpose, small = false }: Order<K>): Write[] {
  const now = new Date();
  const not_after = new Date(now.getTime() + seconds * 1000).toISOString();
  const command = { id, kind, subject, attempt, not_after, args } as Command;
  const command_sk = commandSortKey(now, id);
  const pending: Pending = {
    ...pendingKey(subject, id), kind: 'command', command_id: id, command_kind: kind, subject, project_id, host, command_sk, not_after, rings: 1, purpose,
    ...due(subject, nextLook(1, not_after)),
  };
  return [
    { put: { pk: hostPartition(host), sk: command_sk, command: small ? compressed(command) : command } },
    { put: pending, if: { pk: absent() } },
  ];
}

/** When the sweeper rings again, or knows that it is too late. */
export const nextLook = (rings: number, notAfter: string): number => Math.min(Date.now() + RING_AGAIN_MS * 2 ** Math.min(rings - 1, 6), Date.parse(notAfter) + FENCE_MS);

/** The writes that take a command away: refused (second write) where another has done so. */
export const withdraw = ({ pk, sk, host, command_sk }: Pending): Write[] => [
  { delete: { pk: hostPartition(host), sk: command_sk } },
  { delete: { pk, sk }, if: { command_sk } },
];

/** The writes that take a command away whoever gave it, and whether or not it is still there. */
export const erase = ({ pk, sk, host, command_sk }: Pending): Write[] => [{ delete: { pk: hostPartition(host), sk: command_sk } }, { delete: { pk, sk } }];

export const isOver = ({ not_after }: Pending) => Date.now() > Date.parse(not_after) + FENCE_MS;
