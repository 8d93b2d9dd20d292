import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandKind } from '../../shared/agent/command.ts';
import type { CommandDone } from '../../shared/agent/report.ts';
import { makeFolder, readRecords, savedFile } from '../files.ts';

/** What became of a command. Its arguments are not kept: they are in the journal for as long as they matter. */
export interface CommandRecord {
  kind: string;
  attempt: number;
  not_after: string;
  begun_at: string;
  /** There once the command is through, whatever came of it. */
  report?: CommandDone;
  report_id?: string;
  /** The queue took the report. */
  sent_at?: string;
  sends?: number;
}

/** All that the agent must not forget of an instance or a volume, a file each. */
export interface SubjectRecord {
  subject: string;
  /** The highest attempt seen. */
  attempt: number;
  /** The attempt of the guest that is here. */
  spawned?: number;
  /** No spawn up to this attempt is accepted any more; null: none at all. */
  tombstone?: { attempt: number | null };
  /** PEM: whose signature opens the console of the guest. */
  console_key?: string;
  /** The guest may have a console log in S3. */
  console_log?: true;
  commands: Record<string, CommandRecord>;
  changed_at: string;
}

/** Of a large group one comes every minute, and may wait for a week. What it brings is dated itself: done once more it changes nothing. */
const DATED: CommandKind = 'refresh_security_group';

/** Clocks of this host alone are compared, so this is ample. */
const SETTLED_MS = 10 * 60_000;
const FORGOTTEN_MS = 24 * 60 * 60_000;

export type Records = ReturnType<typeof openRecords>;

export function openRecords(folder: string) {
  const files = makeFolder(folder, 'subjects');
  const open = new Map<string, { record: SubjectRecord; save: () => Promise<void> }>();
  const fileOf = (subject: string) => join(files, `${subject}.json`);
  const add = (record: SubjectRecord) => {
    const entry = { record, save: savedFile(fileOf(record.subject), () => JSON.stringify(record)) };
    open.set(record.subject, entry);
    return entry;
  };
  for (const record of readRecords<SubjectRecord>(files)) add(record);

  return {
    all: () => [...open.values()].map(({ record }) => record),
    find: (subject: string) => open.get(subject)?.record,
    /** The subject's record, to be changed in place and then saved. */
    of: (subject: string): SubjectRecord => (open.get(subject) ?? add({ subject, attempt: 0, commands: {}, changed_at: new Date().toISOString() })).record,
    /** Resolves when the record as it is now is on disk. */
    save(record: SubjectRecord): Promise<void> {
      record.changed_at = new Date().toISOString();
      return open.get(record.subject)!.save();
    },
    /** Forgets commands that can't come again (they would be refused as late) or that may, and subjects of which nothing is here any more. */
    async prune(waiting: Set<string>, busy: (subject: string) => boolean): Promise<void> {
      const now = Date.now();
      for (const { record } of open.values()) {
        if (busy(record.subject)) continue;
        const over = Object.entries(record.commands).filter(([id, { kind, sent_at, not_after }]) => sent_at && !waiting.has(id) && (kind === DATED || now > Date.parse(not_after) + SETTLED_MS));
        for (const [id] of over) delete record.commands[id];
        const gone = record.spawned === undefined && !record.console_log && Object.keys(record.commands).length === 0;
        if (gone && now > Date.parse(record.changed_at) + FORGOTTEN_MS) {
          open.delete(record.subject);
          rmSync(fileOf(record.subject), { force: true });
        } else if (over.length > 0) {
          await open.get(record.subject)!.save(); // changed_at stays: nothing happened to it
        }
      }
    },
  };
}

export function setReport(command: CommandRecord, report: CommandDone): void {
  Object.assign(command, { report, report_id: randomUUID() });
  delete command.sent_at;
}
