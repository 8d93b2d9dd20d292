import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { readClouds } from '../../infra/clouds.ts';
import { testCloud } from '../support/cloud.ts';
import { meter, sumOf, type Counts } from './meter.ts';
import { openTarget } from './target.ts';
import { prepare } from './workload.ts';

export interface PerLaunch {
  dynamodb: number; read_units: number; write_units: number;
  sqs_requests: number; sqs_messages: number; s3: number; ssm: number; events: number;
  invocations: number; billed_ms: number;
  /** Requests by name, invocations by function. */
  by_name: Record<string, number>;
}

const LAUNCHES = 10;
const QUIET_MS = 1500; // until the last report and notification of a launch is through

/** What one launch asks of AWS, on average over a few, one after the other, on a warm cloud; GETs and deletions are not among it. */
export async function countLaunches(): Promise<PerLaunch> {
  const counter = meter();
  const cloud = await testCloud(undefined, { hypervisors: 10, schedules: false, around: counter.around, wire: counter.wire });
  try {
    const target = await openTarget(readClouds(join(cloud.dataDir, 'clouds.yaml'))['novaless-demo']!);
    const workload = await prepare(target);
    const total: Counts[] = [];
    for (let i = 0; i < LAUNCHES + 2; i++) {
      await sleep(QUIET_MS);
      counter.take();
      const ids = await workload.launch();
      await sleep(QUIET_MS); // nobody polls: a poll's requests would be counted
      const counted = counter.take();
      await workload.active(ids);
      await workload.delete(ids);
      if (i >= 2) total.push(counted);
    }
    return average(total);
  } finally {
    await cloud.stop();
    counter.stop();
  }
}

/** Not a launch's: hosts beat and look, mappings poll, and a message is taken and deleted by the mapping. */
const standing = /^(sqs (ReceiveMessage|DeleteMessage|DeleteMessageBatch)|s3 HEAD)$/;

function average(all: Counts[]): PerLaunch {
  const mean = (of: (counts: Counts) => number) => all.reduce((sum, counts) => sum + of(counts), 0) / all.length;
  const names = new Set(all.flatMap(({ requests, invocations }) => [...Object.keys(requests), ...Object.keys(invocations).map((name) => `invoke ${name}`)]));
  const by_name = Object.fromEntries([...names].sort().map((name) => [name, mean(({ requests, invocations }) => (name.startsWith('invoke ') ? invocations[name.slice(7)] : requests[name]) ?? 0)]));
  const requests = (prefix: string) => mean((counts) => sumOf(Object.fromEntries(Object.entries(counts.requests).filter(([name]) => !standing.test(name))), prefix));
  return {
    dynamodb: requests('dynamodb'), read_units: mean(({ readUnits }) => readUnits), write_units: mean(({ writeUnits }) => writeUnits),
    sqs_requests: requests('sqs'), sqs_messages: mean(({ messages }) => messages), s3: requests('s3'), ssm: requests('aws SendCommand'), events: requests('aws PutEvents'),
    invocations: mean(({ invocations }) => sumOf(invocations)), billed_ms: mean(({ billedMs }) => billedMs),
    by_name,
  };
}
