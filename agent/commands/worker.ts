import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../../shared/agent/command.ts';
import { MOST_UNKNOWN_GROUPS, type CommandDone } from '../../shared/agent/report.ts';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import type { ConsoleLogs } from '../console-logs.ts';
import { ActionFailed, type Done, type Driver, type Job } from '../drivers/driver.ts';
import type { Reporter } from '../reports/reporter.ts';
import { fence, refusal } from './fence.ts';
import { isBuild, type Waiting } from './journal.ts';
import { createLanes } from './lanes.ts';
import { setReport, type CommandRecord, type Records, type SubjectRecord } from './records.ts';

/** Commands that a host works on at once; more wait. */
const AT_ONCE = 16;
const OLD_PROBLEMS = 1000;
const LOG_PATIENCE_MS = 3000;

export interface WorkerSettings { host: string; driver: Driver; records: Records; reporter: Reporter; consoleLogs: ConsoleLogs; stopping: AbortSignal }
type Outcome = Pick<CommandDone, 'outcome' | 'reason' | 'retryable' | 'power_state' | 'details' | 'unknown_groups'>;
export type Worker = ReturnType<typeof createWorker>;

/**
 * Does commands: each once, however often it is seen and whenever the agent is killed. What is on disk before the driver acts:
 * that the command was begun, and what it fences. What is on disk before anybody is told: what came of it.
 */
export function createWorker({ host, driver, records, reporter, consoleLogs, stopping }: WorkerSettings) {
  const lanes = createLanes(AT_ONCE);
  const queued = new Set<string>();
  const running = new Map<string, { command: Command; abort: AbortController }>();
  const toldProblems = new Set<string>();

  /** In the subject's lane; a failure to even write down what happened leaves the command for the next look. */
  function enqueue(subject: string, order: string, work: () => Promise<void>): void {
    lanes.add(subject, order, () => work().catch((error: unknown) => {
      if (!stopping.aborted) log.error('a command could not be worked on; it will be tried again', { host, subject, ...factsOf(error) });
    }));
  }

  async function perform(command: Command): Promise<void> {
    const record = records.of(command.subject);
    const { id, kind, attempt, not_after } = command;
    const begun = record.commands[id];
    if (begun?.report) return;
    if (!begun) {
      record.commands[id] = { kind, attempt, not_after, begun_at: new Date().toISOString() };
      const reason = refusal(command, record, Date.now());
      if (reason) return finish(record, id, { outcome: 'refused', reason });
      fence(command, record);
      if (command.kind === 'spawn') Object.assign(record, { console_key: command.args.console_public_key, console_log: true });
      await records.save(record);
    }
    await finish(record, id, await effect(command, record));
  }

  async function effect(command: Command, record: SubjectRecord): Promise<Outcome> {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, stopping]);
    const left = Date.parse(command.not_after) - Date.now();
    const timer = isBuild(command.kind) ? setTimeout(() => abort.abort(tooLate()), Math.max(0, left)) : undefined;
    running.set(command.subject, { command, abort });
    try {
      if (isBuild(command.kind)) {
        if (left <= 0) throw tooLate(); // begun before a crash
        if (record.spawned !== undefined && record.spawned < command.attempt) await remove(record, command.id);
      }
      const act = driver.actions[command.kind] as (args: Command['args'], job: Job) => Promise<Done>; // the args were checked to be the kind's
      const done = await act(command.args, { id: command.id, signal });
      if (isBuild(command.kind)) {
        if (Date.now() > Date.parse(command.not_after)) throw tooLate();
        record.spawned = command.attempt;
      }
      if (command.kind === 'destroy') await forget(record);
      const unknown = driver.unknownGroups().slice(0, MOST_UNKNOWN_GROUPS);
      return { outcome: 'done', ...done, ...(unknown.length > 0 && { unknown_groups: unknown }) };
    } catch (error) {
      if (stopping.aborted) throw error; // as if killed: the next start goes on
      if (isBuild(command.kind)) await remove(record, command.id);
      return failure(error, command);
    } finally {
      clearTimeout(timer);
      running.delete(command.subject);
    }
  }

  function failure(error: unknown, { id, kind, subject }: Command): Outcome {
    if (error instanceof ActionFailed) return { outcome: 'failed', reason: error.message, retryable: error.retryable };
    log.error('a command failed unexpectedly', { host, command: id, kind, subject, ...factsOf(error) });
    return { outcome: 'failed', reason: 'The host failed to do it; its agent\'s log says why.', retryable: true };
  }

  /** Takes a guest away that must not be, or not be any more. */
  async function remove(record: SubjectRecord, id: string): Promise<void> {
    await driver.actions.destroy({ instance_uuid: record.subject }, { id, signal: stopping });
    await forget(record);
  }

  async function forget(record: SubjectRecord): Promise<void> {
    delete record.spawned;
    delete record.console_key;
    if (!record.console_log) return;
    const settled = consoleLogs.remove(record.subject).then((gone) => {
      if (gone) delete record.console_log;
      return gone;
    });
    // In peace nothing is left when the report says so; an outage of S3 must not hold the report.
    const inTime = await Promise.race([settled.then(() => true), sleep(LOG_PATIENCE_MS, false, { ref: false })]);
    if (!inTime) settled.then(() => records.save(record)).catch((error: unknown) => log.error('a record cannot be saved', { host, subject: record.subject, ...factsOf(error) }));
  }

  async function finish(record: SubjectRecord, id: string, outcome: Outcome): Promise<void> {
    const command = record.commands[id]!;
    setReport(command, reportOf(record.subject, id, command, outcome));
    await records.save(record);
    log.info('command', { host, command: id, kind: command.kind, subject: record.subject, attempt: command.attempt, outcome: outcome.outcome, reason: outcome.reason });
    reporter.send(record, id);
  }

  function misunderstood({ order, problem, envelope }: Extract<Waiting, { problem: string }>): void {
    if (!toldProblems.has(order)) {
      if (toldProblems.size > OLD_PROBLEMS) toldProblems.clear();
      toldProblems.add(order);
      log.error('a command that does not fit the contract', { host, order, problem });
    }
    if (!envelope) return;
    const { id, subject, kind, attempt, not_after } = envelope;
    enqueue(subject, order, async () => {
      const record = records.of(subject);
      if (record.commands[id]?.report) return reporter.again(record, id);
      record.commands[id] = { kind, attempt, not_after, begun_at: new Date().toISOString() };
      await finish(record, id, { outcome: 'failed', reason: `The host does not understand the command: ${problem}.`, retryable: true });
    });
  }

  /** A guest that is to go needs no launch, and no orderly shutdown. */
  function overtake(command: Command): void {
    const current = running.get(command.subject);
    if (command.kind !== 'destroy' || !current || (command.attempt > 0 && command.attempt < current.command.attempt)) return;
    current.abort.abort(new ActionFailed('The instance is being destroyed.'));
  }

  return {
    busy: (subject: string) => lanes.busy(subject) || Object.values(records.find(subject)?.commands ?? {}).some(({ sent_at }) => !sent_at),

    /** What the journal holds; all of it, each time. */
    take(items: Waiting[]): void {
      for (const item of items) {
        if ('problem' in item) {
          misunderstood(item);
          continue;
        }
        const { command, order } = item;
        if (queued.has(command.id)) continue;
        const record = records.find(command.subject);
        if (record?.commands[command.id]?.report) {
          // What works on the subject may be just writing this report down, and tells it then.
          if (!lanes.busy(command.subject)) reporter.again(record, command.id);
          continue;
        }
        queued.add(command.id);
        overtake(command);
        enqueue(command.subject, order, () => perform(command).finally(() => queued.delete(command.id)));
      }
    },

    /** After a start, with the journal's first answer: what nobody asks for any more is taken back, what nobody was told is told. */
    recover(asked: Set<string>): void {
      for (const record of records.all()) {
        if (record.console_log && record.tombstone && record.spawned === undefined) enqueue(record.subject, '', () => forget(record).then(() => records.save(record)));
        for (const [id, command] of Object.entries(record.commands)) {
          if (command.report && !command.sent_at) reporter.send(record, id);
          if (!command.report && !asked.has(id)) enqueue(record.subject, '', () => abandon(record, id, command));
        }
      }
    },

    /** A spawn that could not be told in time. */
    undo(record: SubjectRecord, id: string): void {
      const command = record.commands[id]!;
      const told = command.report;
      enqueue(record.subject, '', async () => {
        if (command.report !== told) return;
        if (record.spawned === command.attempt) await remove(record, id);
        const before = record.tombstone?.attempt;
        if (before !== null) record.tombstone = { attempt: Math.max(command.attempt, before ?? 0) };
        await finish(record, id, { outcome: 'failed', reason: 'The host could not report in time that the guest was up, so it took it away.', retryable: true });
      });
    },
  };

  async function abandon(record: SubjectRecord, id: string, command: CommandRecord): Promise<void> {
    if (isBuild(command.kind) && (record.spawned === undefined || record.spawned === command.attempt)) await remove(record, id);
    delete record.commands[id];
    await records.save(record);
  }
}

const tooLate = () => new ActionFailed('The guest was not up in time.', { retryable: true });

const reportOf = (subject: string, id: string, { kind, attempt, begun_at }: CommandRecord, outcome: Outcome): CommandDone => ({
  command_id: id, kind, subject, attempt, ...outcome, started_at: begun_at, finished_at: new Date().toISOString(),
});
