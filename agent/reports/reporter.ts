import { randomUUID } from 'node:crypto';
import type { Report, ReportMethod } from '../../shared/agent/report.ts';
import { signReport } from '../../shared/agent/signature.ts';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { isBuild } from '../commands/journal.ts';
import type { CommandRecord, Records, SubjectRecord } from '../commands/records.ts';
import type { Outgoing, Sender } from './sender.ts';

/** The host's identity, with which it speaks. */
export interface Speaker { host: string; privateKey: string }

/** A message for a reports queue, signed. */
export const signedText = <M extends ReportMethod>({ host, privateKey }: Speaker, method: M, args: Report<M>['args'], id: string = randomUUID()): string =>
  JSON.stringify(signReport({ version: 1, id, host, method, args }, privateKey));

const RESEND_MS = 45_000;
const RESEND_MOST_MS = 10 * 60_000;

export type Reporter = ReturnType<typeof createReporter>;

/**
 * Tells what became of commands. A spawn's success is told by its `not_after` or not at all: after that its launch may be
 * on another host, and `undo` is called instead.
 */
export function createReporter(settings: { speaker: Speaker; sender: Sender; records: Records; undo: (record: SubjectRecord, id: string) => void }) {
  const { speaker, sender, records, undo } = settings;
  const underWay = new Set<CommandRecord>();

  function send(record: SubjectRecord, id: string): void {
    const command = record.commands[id]!;
    const { report, report_id } = command;
    if (!report || underWay.has(command)) return;
    underWay.add(command);
    let text: string | undefined;
    let timer: NodeJS.Timeout | undefined;
    const withdraw = () => {
      clearTimeout(timer);
      underWay.delete(command);
      if (command.report === report) undo(record, id);
    };
    const outgoing: Outgoing = {
      body() {
        if (!underWay.has(command) || command.report !== report) return undefined;
        if (overdue(command)) return void withdraw();
        return (text ??= signedText(speaker, 'command_done', { ...report, reads_compressed: true }, report_id));
      },
      sent() {
        clearTimeout(timer);
        underWay.delete(command);
        command.sent_at = new Date().toISOString();
        command.sends = (command.sends ?? 0) + 1;
        records.save(record).catch((error: unknown) => log.error('a record cannot be saved', { host: speaker.host, subject: record.subject, ...factsOf(error) }));
      },
    };
    if (fleeting(command)) {
      // One that is under way at that moment counts as told if the queue takes it; if not, body() above is asked again.
      timer = setTimeout(() => !outgoing.inFlight && underWay.has(command) && withdraw(), Math.max(0, Date.parse(command.not_after) - Date.now()) + 1);
    }
    sender.add(outgoing);
  }

  return {
    send,
    /** For a command that is still in the journal: its report may have been lost. */
    again(record: SubjectRecord, id: string): void {
      const { sent_at, sends = 0 } = record.commands[id]!;
      if (!sent_at || Date.now() - Date.parse(sent_at) > Math.min(RESEND_MOST_MS, RESEND_MS * 2 ** (sends - 1))) send(record, id);
    },
    /** Power states that no command asked for. */
    powerStates(guests: { instance_uuid: string; power_state: number }[]): void {
      if (guests.length === 0) return;
      const text = signedText(speaker, 'power_states', { observed_at: new Date().toISOString(), guests });
      sender.add({ body: () => text, sent: () => {} });
    },
  };
}

/** A success that is worth nothing once its time is over. */
const fleeting = ({ kind, report, sent_at }: CommandRecord) => isBuild(kind) && report?.outcome === 'done' && !sent_at;
const overdue = (command: CommandRecord) => fleeting(command) && Date.now() > Date.parse(command.not_after);
