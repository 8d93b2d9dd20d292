import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { CommandDone, PowerStates, type Report } from '../../shared/agent/report.ts';
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
import { commandDone } from './command-done.ts';
import { enrolmentOf } from './host/enrolment.ts';
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
    const report = await verified(message.body);
    // nothing about it gets better with time
    if (report) await withTrace(undefined, () => handling({ hops: 0 }, () => recording([], () => handle(report))));
    return undefined;
  } catch (error) {
    log.error('report failed', { message_id: message.messageId, ...factsOf(error) });
    await comeBackSoon('host-reports', message);
    return message.messageId;
  }
}

/** The report, where it is the host's own; undefined (and a line in the log) otherwise. */
async function verified(body: string): Promise<Report | undefined> {
  const signed = signedReport(body);
  if (!signed) return refuse('not a signed report', {});
  const { host } = signed;
  const check = async (afresh: boolean) => {
    const enrolment = await enrolmentOf(host, { afresh });
    return enrolment && verifiedReport(signed, enrolment.public_key);
  };
  const report = (await check(false)) ?? (await check(true)); // its key may be a new one
  return report ?? refuse('a report that is not signed by its host', { host });
}

async function handle(report: Report): Promise<void> {
  const { host, method, args } = report;
  if (method === 'command_done' && validator(CommandDone)(args)) return commandDone(host, args as CommandDone);
  if (method === 'power_states' && validator(PowerStates)(args)) {
    return cast(novaConductor.methods.power_states_observed, { host, ...(args as PowerStates) }, { context: serviceContext(`host:${host}`) });
  }
  refuse('a report that makes no sense', { host, method });
}

function refuse(why: string, facts: Record<string, unknown>): undefined {
  log.warn(why, facts);
}
