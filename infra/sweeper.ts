import { Duration, type Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Function } from 'aws-cdk-lib/aws-lambda';

const targetsPerRule = 5; // EventBridge's own limit

/** The one clock of the cloud: wakes every swept function once a minute. A missed minute is not made good; the next one comes. */
export function sweeper(stack: Stack, swept: Function[]): void {
  for (let start = 0; start < swept.length; start += targetsPerRule) {
    const rule = new Rule(stack, start === 0 ? 'Sweeper' : `Sweeper${start / targetsPerRule + 1}`, {
      description: 'Drives on or undoes whatever is past its deadline',
      schedule: Schedule.rate(Duration.minutes(1)),
    });
    for (const target of swept.slice(start, start + targetsPerRule)) {
      rule.addTarget(new LambdaFunction(target, { retryAttempts: 0, maxEventAge: Duration.minutes(1) }));
    }
  }
}
