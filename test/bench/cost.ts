/**
 * What the control plane costs on AWS: dollars per million launches and API calls, per idle month and per host, from counts and a price table.
 * usage: npm run cost -- [--counts FILE of npm run bench --json] [--region REGION]
 *
 * Counts without a file are those of a run kept beside this one. What is fixed is read off the template. Free allowances are taken off only where it says so.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { synthesized } from '../../local/synthesis.ts';
import type { Asked } from './counting.ts';
import type { Besides, PerLaunch } from './counts.ts';
import { prices, type Prices } from './prices.ts';
import { standingOf, type Standing } from './standing.ts';

interface CountsOfARun extends Required<Besides> { per_launch: Omit<PerLaunch, 'by_name'> & { by_name?: Record<string, number> } }
interface Line { name: string; dollars: number; how: string; /** What AWS gives each account free of charge, month by month, in dollars. */ free?: number }

const MINUTES = 30 * 24 * 60; // of a month
const LAMBDA_LINES = 330; // bytes that Lambda itself logs of an invocation: START, END, REPORT
const POLLERS = 5; // of an idle mapping
const LONG_POLL_SECONDS = 20;
const KMS_CACHE_MINUTES = 5; // DynamoDB keeps a table's key so long for each role that asks
const BEATS_A_MINUTE = 60 / 17.5;

const targets = { per_million_launches: 50, fixed_a_month: 5 };

/** What is asked, as a bill would have it; dollars for `times` of it. */
export function bill(asked: Omit<Asked, 'billed_ms'>, { per_million: each, per_gb }: Prices, times: number): Line[] {
  const millions = times / 1e6;
  const polls = 2 * asked.sqs_messages; // nobody's burst: each message is received and deleted by itself
  const logged = (asked.log_bytes + asked.invocations * LAMBDA_LINES) / 1e9;
  const line = (name: string, count: number, price: number, unit: string): Line[] => (count > 0 ? [{ name, dollars: count * millions * price, how: `${short(count)} ${unit}, $${price} a million` }] : []);
  return [
    ...line('DynamoDB writes', asked.write_units, each.dynamodb_write_units, 'write units'),
    ...line('DynamoDB reads', asked.read_units, each.dynamodb_read_units, 'read units'),
    ...line('API Gateway', asked.http, each.api_gateway_requests, 'requests from outside'),
    ...line('SQS', asked.sqs_requests + polls, each.sqs_requests + each.sqs_fair_queue_surcharge, 'requests: sent, received, deleted, of a message group'),
    ...line('Lambda requests', asked.invocations, each.lambda_requests, 'invocations'),
    ...line('Lambda duration', asked.gb_ms / 1000, each.lambda_gb_seconds, 'GB-seconds'),
    ...line('S3', asked.s3, each.s3_put_requests, 'PUTs'),
    ...line('EventBridge', asked.events, each.events, 'events'),
    ...line('SSM Run Command', asked.ssm, each.run_commands, 'commands'),
    { name: 'logs', dollars: logged * times * per_gb.logs_written, how: `${short(logged * 1e9)} bytes with Lambda's own lines, $${per_gb.logs_written} a GB` },
  ];
}

/** A month in which nobody asks for anything, with no host and one GB in the tables. */
function idleMonth(standing: Standing, perSweep: Asked, price: Prices): Line[] {
  const polls = standing.mappings * POLLERS * (60 / LONG_POLL_SECONDS) * MINUTES;
  const keyAsks = standing.swept * (MINUTES / KMS_CACHE_MINUTES);
  const { per_million: each, per_gb, per_month, free_a_month: free } = price;
  const line = (name: string, count: number, dollarsOfOne: number, freeCount: number, how: string): Line => ({ name, dollars: count * dollarsOfOne, free: Math.min(count, freeCount) * dollarsOfOne, how });
  const freeOfSweeper: Record<string, number> = { 'Lambda requests': free.lambda_requests * each.lambda_requests / 1e6, 'Lambda duration': free.lambda_gb_seconds * each.lambda_gb_seconds / 1e6, logs: free.logs_gb * per_gb.logs_written };
  return [
    line('idle polls of the queues', polls, each.sqs_requests / 1e6, free.sqs_requests, `${standing.mappings} mappings, ${POLLERS} long polls of ${LONG_POLL_SECONDS} s each: ${short(polls / 1e6)} million receives`),
    line('alarms', standing.alarmMetrics, per_month.alarm_metric, free.alarm_metrics, `${standing.alarmMetrics} metrics`),
    line('dashboard', standing.dashboards.length, per_month.dashboard, standing.dashboards.every((metrics) => metrics <= free.metrics_of_a_dashboard) ? free.dashboards : 0, `${standing.dashboards.length}, with ${standing.dashboards.join(', ')} metrics`),
    ...bill(perSweep, price, MINUTES).filter(({ dollars }) => dollars >= 0.005).map(({ name, dollars, how }) => ({ name: `sweeper: ${name}`, dollars, free: Math.min(dollars, freeOfSweeper[name] ?? 0), how: `each minute ${how}` })),
    line("KMS: requests of the tables' key", keyAsks, each.kms_requests / 1e6, free.kms_requests, `${standing.swept} swept functions, one each ${KMS_CACHE_MINUTES} minutes`),
    line('KMS: keys', standing.ownKeys, per_month.kms_key, 0, `${standing.ownKeys} of the account's own; AWS's key of DynamoDB and SQS's own encryption cost nothing`),
    line('point-in-time recovery', 1, per_gb.dynamodb_point_in_time_recovery_a_month, 0, `1 GB in ${standing.tables} tables`),
    line('tables', 1, per_gb.dynamodb_kept_a_month, free.dynamodb_gb, '1 GB'),
    line('schedules, parameters, empty log groups', 0, 0, 0, 'rules by rate and standard parameters cost nothing'),
  ];
}

export const sum = (lines: Line[]) => lines.reduce((total, { dollars }) => total + dollars, 0);

/** Three of them with a disk each behind a load balancer, as OpenStack's own guides have it. */
const controllersAMonth = ({ controller }: Prices) =>
  3 * ((controller.instance_per_hour * MINUTES) / 60 + controller.disk_gb * controller.disk_per_gb_month) + (controller.load_balancer_per_hour * MINUTES) / 60;

const short = (value: number) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : Number(value.toPrecision(2)).toString());
const money = (dollars: number) => `$${dollars >= 100 ? dollars.toFixed(0) : dollars.toFixed(2)}`;

function print(title: string, lines: Line[], target?: number): void {
  const total = sum(lines);
  console.log(`\n${title}: ${money(total)}`);
  for (const { name, dollars, how } of lines.toSorted((a, b) => b.dollars - a.dollars)) console.log(`  ${money(dollars).padStart(9)}  ${name.padEnd(34)} ${how}`);
  const net = total - lines.reduce((all, { free = 0 }) => all + free, 0);
  const given = lines.filter(({ free = 0 }) => free >= 0.005).toSorted((a, b) => b.free! - a.free!);
  if (given.length > 0) console.log(`  ${money(net)} in an account that has AWS's monthly free allowances for this alone: ${given.map(({ name, free }) => `${name} −${money(free!)}`).join(', ')}`);
  if (target === undefined) return;
  if (total <= target) return console.log(`  the target of ${money(target)} is kept`);
  if (net <= target) return console.log(`  the target of ${money(target)} is kept with the allowances, and missed by ${money(total - target)} without`);
  const [first, second] = lines.toSorted((a, b) => b.dollars - a.dollars);
  console.log(`  MISSED: ${money(total - target)} above the target of ${money(target)}, most of it ${first!.name} (${money(first!.dollars)}) and ${second!.name} (${money(second!.dollars)})`);
}

if (import.meta.main) {
  const { values: { counts: file, region } } = parseArgs({ options: { counts: { type: 'string' }, region: { type: 'string', default: 'us-east-1' } } });
  const price = prices(region);
  const kept = join(import.meta.dirname, 'measured.json');
  if (file !== undefined && !existsSync(file)) throw new Error(`there is no file ${file}`);
  const counted = { ...JSON.parse(readFileSync(kept, 'utf8')), ...(file && JSON.parse(readFileSync(file, 'utf8'))) } as CountsOfARun;
  console.log(`${price.name}, prices of ${price.dated}, counts of ${file ?? 'a kept run'}; a month has 30 days`);
  const launches = bill(counted.per_launch, price, 1e6);
  print('a million launches', launches, targets.per_million_launches);
  console.log(`  a thousand: ${money(sum(launches) / 1000)}`);
  console.log('\na thousand API calls');
  for (const [name, asked] of Object.entries(counted.per_call)) console.log(`  ${`$${(sum(bill(asked, price, 1000))).toFixed(4)}`.padStart(9)}  ${name}`);
  const idle = idleMonth(standingOf(await synthesized()), counted.per_sweep, price);
  print('an idle month without a host', idle, targets.fixed_a_month);
  print("a host's heartbeats, a month", bill(counted.per_heartbeat, price, BEATS_A_MINUTE * MINUTES));
  const three = controllersAMonth(price);
  console.log(`\nthree always-on controllers, a month: ${money(three)} (${price.controller.instance}, with ${price.controller.disk_gb} GB each and a load balancer)`);
  console.log(`  the same money: the idle month, and ${short(((three - sum(idle)) / sum(launches)) * 1000)} thousand launches`);
}
