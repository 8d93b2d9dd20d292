import { CfnCondition, Duration, Fn, type Stack } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Alarm, ComparisonOperator, type IMetric, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import { CfnSubscription, Topic } from 'aws-cdk-lib/aws-sns';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { hostsDown } from '../shared/deployment/metrics.ts';
import type { DeploymentParameters } from './parameters.ts';

const period = Duration.minutes(5);
const metricsAtMost = 10; // of one alarm's expression
const OLD_SECONDS = 300;

interface Watched { api: RestApi; queues: Queue[]; swept: Function[]; /** Where a function tells of silent hosts. */ hostsLog: ILogGroup; parameters: DeploymentParameters }

/**
 * What a person should hear of, in few alarms, as each metric of an alarm is paid for. A function that clients wait for
 * shows in the API's 5xx, one that a queue feeds in the dead letters; so only the swept ones need an alarm for their errors.
 */
export function alarms(stack: Stack, { api, queues, swept, hostsLog, parameters }: Watched): Alarm[] {
  const topic = alarmTopic(stack, parameters);
  const alarm = (id: string, metric: IMetric, threshold: number, alarmDescription: string, evaluationPeriods = 1) => {
    const made = new Alarm(stack, id, {
      metric, threshold, evaluationPeriods, alarmDescription,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const tell = { bind: () => ({ alarmActionArn: topic.topicArn }) };
    made.addAlarmAction(tell);
    made.addOkAction(tell);
    return made;
  };
  const together = (id: string, expression: (names: string) => string, metrics: IMetric[], ...rest: [threshold: number, description: string, periods?: number]) =>
    chunks(metrics).map((some, i) => alarm(i === 0 ? id : `${id}${i + 1}`, new MathExpression({
      expression: expression(some.map((_, n) => `m${n}`).join(', ')), period, label: id,
      usingMetrics: Object.fromEntries(some.map((metric, n) => [`m${n}`, metric])),
    }), ...rest));
  const deadLetters = queues.map((queue) => queue.deadLetterQueue!.queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }));
  return [
    ...together('DeadLettersAlarm', (names) => `SUM([${names}])`, deadLetters, 0, 'A message was given up; its instance says why. The dead-letter queues keep it for two weeks.'),
    ...together('OldMessagesAlarm', (names) => `MAX([${names}])`, queues.map((queue) => queue.metricApproximateAgeOfOldestMessage({ period })), OLD_SECONDS, 'Messages wait for minutes: a function fails, is throttled, or cannot keep up.', 2),
    alarm('ServerErrorsAlarm', api.metricServerError({ period, statistic: Stats.SUM }), 5, 'The API answered with errors of its own.'),
    ...together('SweepErrorsAlarm', (names) => `SUM([${names}])`, swept.map((each) => each.metricErrors({ period })), 1, 'What drives on or undoes work past its deadline fails.', 2),
    alarm('ThrottlesAlarm', new Metric({ namespace: 'AWS/Lambda', metricName: 'Throttles', statistic: Stats.SUM, period }), 100, "The account's limit of concurrent executions in this region holds functions back.", 2),
    alarm('HostsDownAlarm', hostsDownMetric(stack, hostsLog), 0, 'A host has not been heard of for minutes; the log of nova-conductor-sweep names it. One that is to be away is disabled.', 2),
  ];
}

/** Out of a log line that is written only while a host is down: so it costs nothing as long as all are well. */
function hostsDownMetric(stack: Stack, logGroup: ILogGroup): IMetric {
  const filter = new MetricFilter(stack, 'HostsDown', {
    logGroup, filterPattern: FilterPattern.stringValue('$.message', '=', hostsDown.message),
    metricNamespace: stack.stackName, metricName: hostsDown.metric, metricValue: `$.${hostsDown.count}`,
  });
  return filter.metric({ period: Duration.minutes(1), statistic: Stats.MAXIMUM });
}

/** Where alarms go. Anything may be subscribed; the address of a parameter is, if there is one. */
function alarmTopic(stack: Stack, { alarmAddress }: DeploymentParameters): Topic {
  const topic = new Topic(stack, 'AlarmTopic', { displayName: `${stack.stackName} alarms`, enforceSSL: true });
  topic.addToResourcePolicy(new PolicyStatement({
    principals: [new ServicePrincipal('cloudwatch.amazonaws.com')], actions: ['sns:Publish'], resources: [topic.topicArn],
    conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
  }));
  const address = new CfnCondition(stack, 'HasAlarmAddress', { expression: Fn.conditionNot(Fn.conditionEquals(alarmAddress.valueAsString, '')) });
  const subscription = new CfnSubscription(stack, 'AlarmSubscription', { topicArn: topic.topicArn, protocol: 'email', endpoint: alarmAddress.valueAsString });
  subscription.cfnOptions.condition = address;
  return topic;
}

const chunks = <T>(list: T[]): T[][] => Array.from({ length: Math.ceil(list.length / metricsAtMost) }, (_, i) => list.slice(i * metricsAtMost, (i + 1) * metricsAtMost));
