import { Duration, type Stack } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { type QueueName, type QueueSettings, queues } from '../shared/deployment/declaration.ts';
import { pascal } from './names.ts';

/** Rules of other stacks lead to this one, so its name is known: that of a deployment's event bus with `-launch`. */
export const LAUNCH_QUEUE = 'novaless-launch';
const named = (name: string, ending = '') => (name === 'nova-launch' ? { queueName: `${LAUNCH_QUEUE}${ending}` } : {});

/** The RPC queues, each with a dead-letter queue that nothing consumes and that keeps a message for two weeks. */
export function consumedQueues(stack: Stack): Record<QueueName, Queue> {
  const secure = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(14) };
  return Object.fromEntries(
    Object.entries<QueueSettings>(queues).map(([name, settings]) => {
      const deadLetters = new Queue(stack, `${pascal(name)}DeadLetters`, { ...secure, ...named(name, '-dead-letters') });
      const queue = new Queue(stack, `${pascal(name)}Queue`, {
        ...secure,
        ...named(name),
        visibilityTimeout: Duration.seconds(settings.visibility),
        deadLetterQueue: { queue: deadLetters, maxReceiveCount: settings.maxReceives },
      });
      return [name, queue];
    }),
  ) as Record<QueueName, Queue>;
}
