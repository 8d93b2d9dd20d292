import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { awsJson } from './aws-json.ts';
import { matches } from './event-pattern.ts';
import type { FunctionHost } from './functions.ts';
import { transformed, type Transformation } from './input-transformer.ts';

export interface RuleSpec {
  name: string;
  bus: string;
  pattern?: Record<string, unknown>;
  /** `rate(N minutes)` */
  schedule?: string;
  targets: ({ arn: string; input?: string; messageGroupId?: string } & Transformation)[];
}

interface Entry { Source?: string; DetailType?: string; Detail?: string; EventBusName?: string; Resources?: string[]; Time?: number }

export interface EventBus {
  putEvents(entries: Entry[]): { FailedEntryCount: number; Entries: object[] };
  stop(): void;
}

/** The event buses: published events go to the log file and to the targets of the rules that they match; schedules fire. */
export function startEvents(rules: RuleSpec[], buses: string[], functions: FunctionHost, settings: { sqs: string; region: string; log: string }): EventBus {
  async function deliver({ name: rule, targets }: RuleSpec, event: object) {
    for (const { arn, input, messageGroupId, ...transformation } of targets) {
      const text = input ?? transformed(transformation, event, { name: rule, arn: `arn:aws:events:${settings.region}:000000000000:rule/${rule}` });
      const [, , service, , , name] = arn.split(':') as [string, string, string, string, string, string];
      if (service === 'lambda') void functions.invoke(arn.split(':').at(-1)!, JSON.parse(text) as object, 'event');
      else if (service === 'sqs') void awsJson(settings.sqs, 'AmazonSQS', 'SendMessage', { QueueUrl: `${settings.sqs}/000000000000/${name}`, MessageBody: text, MessageGroupId: messageGroupId }).catch(() => {});
      else throw new Error(`events can't go to ${arn}`);
    }
  }
  const envelope = (detail: { source: string; 'detail-type': string; resources: string[]; detail: unknown; time?: Date }) => ({
    version: '0', id: randomUUID(), account: '000000000000', region: settings.region, ...detail, time: (detail.time ?? new Date()).toISOString().replace(/\.\d+Z$/, 'Z'),
  });

  const timers = rules.filter(({ schedule }) => schedule).map((rule) => setInterval(
    () => void deliver(rule, envelope({ source: 'aws.events', 'detail-type': 'Scheduled Event', resources: [`arn:aws:events:${settings.region}:000000000000:rule/${rule.name}`], detail: {} })),
    rateOf(rule.schedule!),
  ));

  function publish(entry: Entry) {
    const bus = (entry.EventBusName ?? 'default').replace(/^arn:.*event-bus\//, '');
    if (!entry.Source || !entry.DetailType || !entry.Detail) return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Source, DetailType and Detail are required' };
    if (bus !== 'default' && !buses.includes(bus)) return { ErrorCode: 'ResourceNotFoundException', ErrorMessage: `Event bus ${bus} does not exist.` };
    let detail: unknown;
    try {
      detail = JSON.parse(entry.Detail);
    } catch {
      return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    }
    const event = envelope({ source: entry.Source, 'detail-type': entry.DetailType, resources: entry.Resources ?? [], detail, time: entry.Time ? new Date(entry.Time * 1000) : undefined });
    appendFileSync(settings.log, `${JSON.stringify({ bus, ...event })}\n`, { mode: 0o600 });
    for (const rule of rules) if (rule.bus === bus && rule.pattern && matches(rule.pattern, event)) void deliver(rule, event);
    return { EventId: event.id };
  }

  return {
    putEvents(entries) {
      const Entries = entries.map(publish);
      return { FailedEntryCount: Entries.filter((entry) => 'ErrorCode' in entry).length, Entries };
    },
    stop: () => timers.forEach((timer) => clearInterval(timer)),
  };
}

function rateOf(schedule: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule) ?? [];
  if (!count) throw new Error(`schedules are rates here, not ${schedule}`);
  return Number(count) * { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[unit as 'minute' | 'hour' | 'day'];
}
