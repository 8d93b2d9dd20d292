import { ArnFormat, Fn, Stack, Token } from 'aws-cdk-lib';
import { EventBus, EventField, type EventPattern, type IEventBus, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { ContextAttribute, Schedule, type ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { LAUNCH_QUEUE } from './queues.ts';

/** When: an event that matches a pattern (each match is one server), or a schedule (cron, rate or at: each due time is one server). */
export type Occasion =
  | {
      on: EventPattern;
      /** Where the event comes; default: the account's default bus, where AWS's own services tell what happens. */
      bus?: IEventBus;
      /** What is taken from the event: JSON paths by name, such as `{ key: '$.detail.object.key' }`. Every event that matches must have them. */
      values?: Record<string, string>;
    }
  | { at: ScheduleExpression };

export type LaunchOnProps = Occasion & {
  /** The secret `novaless/launch/NAME` holds the application credential in whose name, and in whose project, the server is. */
  credential: string;
  /** As in `POST /servers`. In texts `{{name}}` is the event's value, see docs/launches-by-events.md. */
  server: Record<string, unknown>;
  /** As in `POST /servers`, beside `server`. */
  schedulerHints?: Record<string, unknown>;
  /** What the guest runs, as text. `{{name:sh}}` is the event's value as one word of a shell command, whatever is in it. */
  userData?: string;
};

export type DeleteOnProps = Occasion & { credential: string; server: { id: string } | { name: string } };

/** Launches a server when something happens, or when its time has come. It lives in its owner's stack, in the account and region of the cloud. */
export class LaunchOn extends Construct {
  constructor(scope: Construct, id: string, props: LaunchOnProps) {
    super(scope, id);
    const { credential, server, schedulerHints, userData } = props;
    if (userData !== undefined && server['user_data'] !== undefined) throw new Error(`${this.node.path}: userData and server.user_data say the same thing twice`);
    ask(this, 'Server Launch Requested', props, {
      credential,
      // in base64, because a rule's template gives < and > a meaning of its own
      server: { ...server, ...(userData !== undefined && { user_data: Token.isUnresolved(userData) ? Fn.base64(userData) : Buffer.from(userData).toString('base64') }) },
      ...(schedulerHints && { 'os:scheduler_hints': schedulerHints }),
    });
  }
}

/** Deletes a server when something happens: named by its id, or by a name that no other server of the project has. */
export class DeleteOn extends Construct {
  constructor(scope: Construct, id: string, props: DeleteOnProps) {
    super(scope, id);
    ask(this, 'Server Delete Requested', props, { credential: props.credential, server: props.server });
  }
}

/** The bus on which the cloud tells what becomes of its servers (`compute.instance.create.end`, …). */
export const novalessBus = (scope: Construct): IEventBus => EventBus.fromEventBusName(scope, 'NovalessBus', 'novaless');

const longestTemplate = 8192; // EventBridge's own limit

function ask(of: Construct, detailType: string, occasion: Occasion, detail: { server: object; [field: string]: unknown }): void {
  const launch = of.node.path;
  const queue = queueNamed(of, 'Queue', LAUNCH_QUEUE);
  const deadLetterQueue = queueNamed(of, 'DeadLetters', `${LAUNCH_QUEUE}-dead-letters`);
  if ('at' in occasion) {
    const input = ScheduleTargetInput.fromObject({ id: ContextAttribute.scheduledTime, 'detail-type': detailType, launch, detail });
    new Schedule(of, 'Schedule', { schedule: occasion.at, target: new SqsSendMessage(queue, { input, deadLetterQueue }) });
    return;
  }
  const values = Object.fromEntries(Object.entries(occasion.values ?? {}).map(([name, path]) => [name, EventField.fromPath(path)]));
  const template = JSON.stringify(Stack.of(of).resolve(detail));
  if (template.length > longestTemplate - 500) throw new Error(`${launch}: EventBridge takes templates of ${longestTemplate} characters, so user data of about 5,000 bytes: let the guest fetch what is longer`);
  if (/[<>]/.test(template)) throw new Error(`${launch}: EventBridge's templates cannot hold < or > (userData may)`);
  const message = RuleTargetInput.fromObject({ id: EventField.eventId, 'detail-type': detailType, launch, detail: { ...detail, values } });
  new Rule(of, 'Rule', {
    eventPattern: occasion.on,
    ...(occasion.bus && { eventBus: occasion.bus }),
    targets: [new SqsQueue(queue, { message, deadLetterQueue })],
  });
}

const queueNamed = (of: Construct, id: string, resource: string): IQueue =>
  Queue.fromQueueArn(of, id, Stack.of(of).formatArn({ service: 'sqs', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME }));
