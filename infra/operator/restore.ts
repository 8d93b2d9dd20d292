/**
 * Makes all tables of an AWS account's deployment what they were at one moment of the last 35 days. It says what that means, and asks; where
 * it was cut off, the same command goes on.
 * usage: npm run restore -- --at 2026-11-21T16:00:00Z [--yes] [--region NAME] [--profile NAME]
 *        npm run restore -- --start     gives up one that was cut off: functions start again, on tables as they are
 */
import { DescribeContinuousBackupsCommand, DescribeTableCommand, DynamoDBClient, RestoreTableToPointInTimeCommand } from '@aws-sdk/client-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stacks } from '../names.ts';
import { command } from './advice.ts';
import { mirrorTable } from './mirror-table.ts';
import { type Standstill, standstill } from './standstill.ts';
import { awsTarget, controlPlane, place, stackResources, type Target, targetOptions } from './target.ts';
import { ask } from './words.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { ...targetOptions, at: { type: 'string' }, start: { type: 'boolean', default: false }, yes: { type: 'boolean', default: false } } });
  const target = await awsTarget(values);
  await controlPlane(target);
  const { tables, functions } = await resources(target);
  const stopped = standstill(target, functions);
  if (values.start) return startAgain(stopped);
  const at = new Date(values.at ?? '');
  if (Number.isNaN(at.getTime())) throw new Error('--at takes a moment with its time zone, like 2026-11-21T16:00:00Z');
  const dynamodb = new DynamoDBClient(target.settings);
  for (const table of tables) await checkWindow(dynamodb, table, at);
  console.log(`This makes Novaless in ${place(target)} what it was at ${at.toISOString()}: ${tables.length} tables, all together.
Until it is done the cloud answers 503. What was made after that moment is forgotten; hosts take away the guests of forgotten servers.\n`);
  if (!values.yes) await ask('Type restore to go on: ', 'restore');
  try {
    await restore(dynamodb, tables, at, stopped, target.region);
  } catch (error) {
    console.error('The functions stand still. The same command goes on from here; npm run restore -- --start gives it up and starts them.');
    throw error;
  }
}

async function startAgain(stopped: Standstill): Promise<void> {
  await stopped.end();
  console.log('The functions run.\n\nnext         npm run hosts -- list');
}

async function restore(dynamodb: DynamoDBClient, tables: string[], at: Date, stopped: Standstill, region: string): Promise<void> {
  console.log('Stopping the functions …');
  const lastMs = await stopped.begin();
  const ending = `-at-${at.toISOString().replace(/[-:]|\.\d+/g, '')}`;
  console.log(`Restoring the tables beside the live ones; AWS takes some minutes for it, and functions that run yet may take ${Math.ceil(lastMs / 60_000)} …`);
  await Promise.all([sleep(lastMs), ...tables.map((table) => restoreBeside(dynamodb, table, `${table}${ending}`, at))]);
  for (const table of tables) {
    const { items, written, deleted } = await mirrorTable(dynamodb, `${table}${ending}`, table);
    console.log(`  ${table}: ${items} items, of which ${written} were put back; ${deleted} newer ones are gone`);
  }
  console.log('Starting the functions …');
  await stopped.end();
  console.log(`\nThe cloud is what it was at ${at.toISOString()}. The restored tables are paid for until you delete them:\n`);
  for (const table of tables) console.log(`  aws dynamodb delete-table --region ${region} --table-name ${table}${ending}`);
  console.log('\nnext         npm run hosts -- list');
}

/** What of a deployment holds data, and what changes it: names. */
export async function resources(target: Pick<Target, 'settings'>): Promise<{ tables: string[]; functions: string[] }> {
  const all = await stackResources(target, stacks.controlPlane);
  const ofType = (type: string) => all.filter(({ ResourceType }) => ResourceType === type).map(({ PhysicalResourceId }) => PhysicalResourceId!);
  return { tables: ofType('AWS::DynamoDB::Table'), functions: ofType('AWS::Lambda::Function') };
}

async function checkWindow(dynamodb: DynamoDBClient, TableName: string, at: Date): Promise<void> {
  const { ContinuousBackupsDescription } = await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }));
  const { EarliestRestorableDateTime: from, LatestRestorableDateTime: to } = ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {};
  if (!from || !to) throw new Error(`${TableName} has no point-in-time recovery`);
  if (at < from || at > to) throw new Error(`${TableName} can be what it was from ${from.toISOString()} to ${to.toISOString()}; not at ${at.toISOString()}`);
}

/** Without its indexes: it is only read through. */
async function restoreBeside(dynamodb: DynamoDBClient, SourceTableName: string, TargetTableName: string, RestoreDateTime: Date): Promise<void> {
  await dynamodb.send(new RestoreTableToPointInTimeCommand({ SourceTableName, TargetTableName, RestoreDateTime, GlobalSecondaryIndexOverride: [] })).catch((error: Error) => {
    if (error.name !== 'TableAlreadyExistsException') throw error;
  });
  for (;;) {
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: TargetTableName }));
    if (Table?.TableStatus === 'ACTIVE') return;
    await sleep(10_000);
  }
}

if (import.meta.main) await command(main);
