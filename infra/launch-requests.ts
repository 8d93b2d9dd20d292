import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';

/**
 * What is put on the bus as `Server Launch Requested` or `Server Delete Requested` comes to the queue whose function asks nova-api.
 * Rules of this account's own (see launch-on.ts) may put such requests there as well; they cannot choose a bus for a target and
 * change the event on its way.
 */
export function launchRequests(stack: Stack, { bus, queue }: { bus: EventBus; queue: Queue }): void {
  const deadLetters = queue.deadLetterQueue!.queue as Queue;
  new Rule(stack, 'LaunchRequests', {
    description: 'Brings events that ask for servers to nova-launch',
    eventBus: bus,
    eventPattern: { detailType: ['Server Launch Requested', 'Server Delete Requested'] },
    targets: [new SqsQueue(queue, { deadLetterQueue: deadLetters })],
  });
  const rules = stack.formatArn({ service: 'events', resource: 'rule', resourceName: '*', arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  for (const each of [queue, deadLetters]) {
    each.addToResourcePolicy(new PolicyStatement({
      sid: 'RulesOfThisAccount', principals: [new ServicePrincipal('events.amazonaws.com')], actions: ['sqs:SendMessage'], resources: [each.queueArn],
      conditions: { ArnLike: { 'aws:SourceArn': rules }, StringEquals: { 'aws:SourceAccount': stack.account } },
    }));
  }
}
