import type { Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';

/** Where notifications (`compute.instance.create.end`, …) are published. */
export function notificationBus(stack: Stack): EventBus {
  return new EventBus(stack, 'NotificationBus', { eventBusName: 'novaless' });
}
