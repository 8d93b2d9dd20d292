import { Duration, type Stack } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { type Alarm, AlarmStatusWidget, Dashboard, GraphWidget, type IMetric, LogQueryVisualizationType, LogQueryWidget, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';

const period = Duration.minutes(5);
/** Steps of a launch, by number, at whose end somebody else takes over: where one that has become slow lost its time. */
const shownSteps = { 7: 'recorded', 10: 'claimed', 13: 'at nova-compute', 18: 'has the instance', 21: 'has the image', 24: 'has the network', 27: 'has the storage', 28: 'at the host' };

interface Shown { api: RestApi; queues: Record<string, Queue>; functions: Function[]; /** Functions whose errors no person is told as their answer. */ unattended: Function[]; alarms: Alarm[] }

/**
 * One page for the operator at night: is anything wrong, are launches made and how fast, what fails and why, what waits.
 * Launches are read from the log lines `notification` (every function that tells of one) and `launched` (nova-conductor).
 * At most 50 metrics: such dashboards are free, three in an account, and others cost $3 a month.
 */
export function dashboard(stack: Stack, { api, queues, functions, unattended, alarms }: Shown): void {
  const graph = (title: string, left: IMetric[], right: IMetric[] = [], width = 12) => new GraphWidget({ title, left, right, width, height: 6 });
  const ofAccount = (metricName: string, statistic: string) => new Metric({ namespace: 'AWS/Lambda', metricName, statistic, period });
  const logNames = functions.map(({ functionName }) => `/aws/lambda/${functionName}`);
  const query = (title: string, view: LogQueryVisualizationType, ...queryLines: string[]) =>
    new LogQueryWidget({ title, view, logGroupNames: logNames, queryLines, width: 12, height: 6 });
  const creates = "filter message = 'notification' and event like /^create\\.(end|error)$/";
  new Dashboard(stack, 'Dashboard', {
    dashboardName: stack.stackName,
    defaultInterval: Duration.hours(3),
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 3 })],
      [
        query('Launches, by how they ended', LogQueryVisualizationType.BAR, creates, 'stats count_distinct(instance) as launches by event, bin(5m)'),
        query('From the request to ACTIVE, in milliseconds', LogQueryVisualizationType.LINE, "filter message = 'launched'", 'stats pct(ms, 50) as p50, pct(ms, 90) as p90, pct(ms, 99) as p99 by bin(5m)'),
      ],
      [
        query('Milliseconds until a step is done, p50', LogQueryVisualizationType.TABLE, "filter message = 'launched'", `stats count(*) as launches, ${Object.entries(shownSteps).map(([step, name]) => `pct(after.s${step.padStart(2, '0')}, 50) as \`${step} ${name}\``).join(', ')} by bin(1h)`),
        query('Launches that failed, by reason', LogQueryVisualizationType.TABLE, "filter message = 'notification' and event = 'create.error'", 'stats count_distinct(instance) as launches by reason', 'sort launches desc', 'limit 20'),
      ],
      [
        graph('API', [api.metricCount({ period, label: 'requests' })], [api.metricClientError({ period, statistic: Stats.SUM, label: '4xx' }), api.metricServerError({ period, statistic: Stats.SUM, label: '5xx' })]),
        graph('API: milliseconds', ['p50', 'p99'].map((statistic) => api.metricLatency({ period, statistic, label: statistic }))),
      ],
      [
        graph('Age of the oldest message, in seconds', Object.entries(queues).map(([label, queue]) => queue.metricApproximateAgeOfOldestMessage({ period, label }))),
        graph('Dead letters', Object.entries(queues).map(([label, queue]) => queue.deadLetterQueue!.queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM, label }))),
      ],
      [
        graph('Errors of functions', unattended.map((each) => each.metricErrors({ period }))),
        graph('All functions of the account: at once, and held back', [ofAccount('ConcurrentExecutions', Stats.MAXIMUM)], [ofAccount('Throttles', Stats.SUM)]),
      ],
      [query('What functions complained of', LogQueryVisualizationType.TABLE, "filter level = 'error'", 'stats count(*) as times, latest(reason) as last_reason by function, message', 'sort times desc', 'limit 30')],
    ],
  });
}
