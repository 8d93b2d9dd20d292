import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { CommandDone, PowerStates, type Report, type SignedReport } from '../../shared/agent/report.ts';
import { verifiedReport } from '../../shared/agent/signature.ts';
import { signedReport } from '../../shared/agent/signed-report.ts';
import { validator } from '../../shared/http/validate.ts';
import { handling } from '../../shared/rpc/current.ts';
import { cast } from '../../shared/rpc/send.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { recording } from '../../shared/telemetry/steps.ts';
import { withTrace } from '../../shared/telemetry/trace.ts';
import { comeBackSoon } from '../../shared/rpc/come-back.ts';
import type { Item, Key } from '../../shared/store/table.ts';
import { commandDone, recordsOf } from './command-done.ts';
import { type Enrolment, enrolmentKey, noteAgent } from './host/enrolment.ts';
import { type Build, journal, type Pending } from './journal.ts';
import { serviceContext } from '../../shared/identity/service-context.ts';

/**
 * Reports of the hosts' agents. Nothing in one is believed but what its signature covers, and a host speaks only of commands
 * of its own and of instances that are claimed on it.
 */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const failed = await Promise.all(event.Records.map(receive));
  return { batchItemFailures: failed.filter((id) => id !== undefined).map((itemIdentifier) => ({ itemIdentifier })) };
}

async function receive(message: SQSRecord): Promise<string | undefined> {
  try {
    const verified = await verify(message.body);
    // nothing about a report that is refused gets better with time
    if (verified) await withTrace(undefined, () => handling({ hops: 0 }, () => recording([], () => handle(verified))));
    return undefined;
  } catch (error) {
    log.error('report failed', { message_id: message.messageId, ...factsOf(error) });
    await comeBackSoon('host-reports', message);
    return message.messageId;
  }
}

/** A report, with the journal's records that it names. */
interface Verified { report: Report; enrolment: Enrolment; records: Item[] }

/**
 * The report, where it is the host's own; undefined (and a line in the log) otherwise. The host's key is read together with what the report names:
 * until the signature is verified these are no more than keys to look for.
 */
async function verify(body: string): Promise<Verified | undefined> {
  const signed = signedReport(body);
  if (!signed) return refuse('not a signed report', {});
  const { host } = signed;
  const items = await journal.getMany<Item & Key>([enrolmentKey(host), ...namedBy(signed)]);
  const enrolment = items.find(({ sk }) => sk === enrolmentKey(host).sk) as Enrolment | undefined;
  const report = enrolment && verifiedReport(signed, enrolment.public_key);
  if (!report) return refuse('a report that is not signed by its host', { host });
  return { report, enrolment, records: items.filter((item) => item !== enrolment) };
}

function namedBy({ payload }: SignedReport): Key[] {
  try {
    const { method, args } = JSON.parse(payload) as Report;
    return isCommandDone(method, args) ? recordsOf(args) : [];
  } catch {
    return [];
  }
}

const isCommandDone = (method: string, args: unknown): args is CommandDone => method === 'command_done' && validator(CommandDone)(args);

async function handle({ report: { host, method, args }, enrolment, records }: Verified): Promise<void> {
  if (isCommandDone(method, args)) {
    await noteAgent(enrolment, args);
    return commandDone(host, args, records as (Pending | Build)[]);
  }
  if (method === 'power_states' && validator(PowerStates)(args)) {
    return cast(novaConductor.methods.power_states_observed, { host, ...(args as PowerStates) }, { context: serviceContext(`host:${host}`) });
  }
  refuse('a report that makes no sense', { host, method });
}

function refuse(why: string, facts: Record<string, unknown>): undefined {
  log.warn(why, facts);
}
