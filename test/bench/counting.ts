import { readdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { readClouds } from '../../infra/clouds.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { meter, sumOf, type Counts } from './meter.ts';
import type { Tape } from './tape.ts';
import { openTarget, type Target } from './target.ts';
import { prepare, type Workload } from './workload.ts';

/** What something asks of AWS, on average. */
export interface Asked {
  dynamodb: number; read_units: number; write_units: number;
  sqs_requests: number; sqs_messages: number; s3: number; ssm: number; events: number;
  /** Requests that come through the REST API, from outside. */
  http: number;
  invocations: number; billed_ms: number; gb_ms: number;
  /** What functions write into their logs, without Lambda's own lines. */
  log_bytes: number;
}

/** What was counted during some work. */
export type Stretch = Counts & { logBytes: number; /** From where to where on the tape. */ passed: [number, number] };

/** A cloud whose every request is counted, as its demo user and its admin see it. */
export interface CountingCloud {
  cloud: TestCloud;
  target: Target;
  admin: Target;
  workload: Workload;
  during(work: () => Promise<unknown>): Promise<Stretch>;
  /** Until no function has run for a while: then the last report and notification of a launch is through, on a busy machine too. */
  quiet(): Promise<void>;
}

const QUIET_MS = 800;

/** Starts one for some work, and stops it after that. */
export async function onCountingCloud<T>(hypervisors: number, work: (counting: CountingCloud) => Promise<T>, tape?: Tape): Promise<T> {
  const counter = meter(tape);
  const cloud = await testCloud(undefined, { hypervisors, schedules: false, around: counter.around, wire: counter.wire });
  try {
    const clouds = readClouds(join(cloud.dataDir, 'clouds.yaml'));
    const [target, admin] = [await openTarget(clouds['novaless-demo']!), await openTarget(clouds['novaless-admin']!)];
    return await work({
      cloud, target, admin, workload: await prepare(target),
      async during(what) {
        counter.take();
        const [logged, from] = [logBytes(cloud), tape?.passed.length ?? 0];
        await what();
        return { ...counter.take(), logBytes: logBytes(cloud) - logged, passed: [from, tape?.passed.length ?? 0] };
      },
      quiet: () => counter.quiet(QUIET_MS),
    });
  } finally {
    await cloud.stop();
    counter.stop();
  }
}

function logBytes({ dataDir }: TestCloud): number {
  const folder = join(dataDir, 'logs');
  return readdirSync(folder).filter((name) => name.startsWith('Novaless-')).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

const REST_MS = 6_000; // so long a host whose agent had reported nothing yet is remembered

/** Launches that nobody counts: most hosts have then been rung from the same environment, after their first report too; it remembers where for ten minutes. */
export async function warmUp({ workload }: CountingCloud, launches: number): Promise<void> {
  for (const rest of [REST_MS, 0]) {
    for (let i = 0; i < launches; i++) {
      const ids = await workload.launch();
      await workload.active(ids);
      await workload.delete(ids);
    }
    await sleep(rest);
  }
}

/** Launches one after the other, without GETs and deletions, and without those beside which hosts beat. */
export async function ofLaunches({ workload, during, quiet }: CountingCloud, launches: number): Promise<Stretch[]> {
  const all: Stretch[] = [];
  for (let i = 0; i < launches; i++) {
    await quiet();
    let ids: string[] = [];
    const counted = await during(async () => {
      ids = await workload.launch();
      await quiet(); // nobody polls: a poll's requests would be counted
    });
    await workload.active(ids);
    await workload.delete(ids);
    all.push(counted);
  }
  const alone = all.filter(({ invocations }) => !invocations['nova-conductor-heartbeats']);
  return alone.length > 0 ? alone : all;
}

const CALLS = 4;

/** A call that is made again and again: what asks least has no host's heartbeat beside it. */
export async function ofCall({ during }: CountingCloud, call: () => Promise<unknown>): Promise<Asked> {
  await call();
  const all: Stretch[] = [];
  for (let i = 0; i < CALLS; i++) all.push(await during(call));
  return average([all.reduce((least, each) => (sumOf(each.requests) < sumOf(least.requests) ? each : least))]);
}

/** Not ours to count: hosts look. (What Lambda takes of queues passes beside; what it costs follows from the messages' number.) */
const standing = /^s3 HEAD$/;

export const mean = <T>(all: T[], of: (one: T) => number, parts = all.length) => all.reduce((sum, one) => sum + of(one), 0) / parts;

export function average(all: Stretch[], parts = all.length): Asked {
  const requests = (prefix: string) => mean(all, (counts) => sumOf(Object.fromEntries(Object.entries(counts.requests).filter(([name]) => !standing.test(name))), prefix), parts);
  const of = (value: (counts: Stretch) => number) => mean(all, value, parts);
  return {
    dynamodb: requests('dynamodb'), read_units: of(({ readUnits }) => readUnits), write_units: of(({ writeUnits }) => writeUnits),
    sqs_requests: requests('sqs'), sqs_messages: of(({ messages }) => messages), s3: requests('s3'), ssm: requests('aws SendCommand'), events: requests('aws PutEvents'),
    http: of(({ http }) => http), invocations: of(({ invocations }) => sumOf(invocations)), billed_ms: of(({ billedMs }) => billedMs), gb_ms: of(({ gbMs }) => gbMs),
    log_bytes: of(({ logBytes }) => logBytes),
  };
}
