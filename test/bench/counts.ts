import { readdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { readClouds } from '../../infra/clouds.ts';
import { functions } from '../../infra/functions.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { meter, sumOf, type Counts } from './meter.ts';
import { openTarget, type Target } from './target.ts';
import type { Recorded } from './engines-alone.ts';
import { addCopies } from './servers.ts';
import { openTape } from './tape.ts';
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

export interface PerLaunch extends Asked {
  /** Requests by name, invocations by function. */
  by_name: Record<string, number>;
}

/** What is not a launch: API calls by name, a minute of the sweeper, a host's heartbeat where that was waited for. */
export interface Besides { per_call: Record<string, Asked>; per_sweep: Asked; per_heartbeat?: Asked }

const QUIET_MS = 800; // then the last report and notification of a launch is through, on a busy machine too
const HOSTS = 10;
const WARM = 25; // launches, twice: then most hosts have been rung from the same environment, after their first report too; it remembers where for ten minutes
const REST_MS = 6_000; // so long a host whose agent had reported nothing yet is remembered
/** As Horizon asks for its pages. */
export const PAGE = '/servers/detail?limit=21';
const BEAT_MS = 21_000; // within which each host beats

export interface CountOptions {
  launches?: number;
  /** Servers of the project when lists are counted, and ten times as many servers again. */
  servers?: number;
  heartbeats?: boolean;
}
export interface Counted {
  perLaunch: PerLaunch;
  besides: Besides;
  /** The same calls with ten times the servers. */
  grown: Record<string, Asked>;
  recorded: Recorded;
}

/** Starts a cloud with ten hosts and counts on it, warm, one thing after the other. */
export async function count({ launches = 10, servers = 100, heartbeats = true }: CountOptions = {}): Promise<Counted> {
  const tape = openTape();
  const counter = meter(tape);
  const cloud = await testCloud(undefined, { hypervisors: HOSTS, schedules: false, around: counter.around, wire: counter.wire });
  const during = async (work: () => Promise<unknown>) => {
    counter.take();
    const [logged, from] = [logBytes(cloud), tape.passed.length];
    await work();
    return { ...counter.take(), logBytes: logBytes(cloud) - logged, passed: [from, tape.passed.length] as [number, number] };
  };
  try {
    const target = await openTarget(readClouds(join(cloud.dataDir, 'clouds.yaml'))['novaless-demo']!);
    const workload = await prepare(target);
    const stretches = await ofLaunches(workload, launches, during, () => counter.quiet(QUIET_MS));
    tape.close();
    await counter.quiet(QUIET_MS);
    const per_sweep = await ofSweeps(cloud, during);
    const [kept] = await workload.launch();
    await workload.active([kept!]);
    const add = await addCopies(cloud, target, kept!);
    await add(servers - 1);
    const per_call = await ofCalls(target, kept!, during);
    await add(9 * servers);
    const grown = await ofCalls(target, kept!, during);
    // The hosts of this machine beat together; one of its own sends by itself and wakes a function.
    const per_heartbeat = heartbeats && { ...average([await during(() => sleep(BEAT_MS))], HOSTS), sqs_requests: 1, invocations: 1 };
    return {
      perLaunch: perLaunch(stretches), besides: { per_call, per_sweep, ...(per_heartbeat && { per_heartbeat }) }, grown,
      recorded: { passed: tape.passed, launches: stretches.map(({ passed }) => passed) },
    };
  } finally {
    await cloud.stop();
    counter.stop();
  }
}

type Stretch = Counts & { logBytes: number; /** From where to where on the tape. */ passed: [number, number] };
type During = (work: () => Promise<unknown>) => Promise<Stretch>;

/** GETs and deletions are not among a launch's. */
async function ofLaunches(workload: Workload, launches: number, during: During, quiet: () => Promise<void>): Promise<Stretch[]> {
  for (const rest of [REST_MS, 0]) {
    for (let i = 0; i < WARM; i++) {
      const ids = await workload.launch();
      await workload.active(ids);
      await workload.delete(ids);
    }
    await sleep(rest);
  }
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
  const alone = all.filter(({ invocations }) => !invocations['nova-conductor-heartbeats']); // hosts beat beside some
  return alone.length > 0 ? alone : all;
}

function perLaunch(total: Stretch[]): PerLaunch {
  const names = new Set(total.flatMap(({ requests, invocations }) => [...Object.keys(requests), ...Object.keys(invocations).map((name) => `invoke ${name}`)]));
  const by_name = Object.fromEntries([...names].sort().map((name) => [name, mean(total, ({ requests, invocations }) => (name.startsWith('invoke ') ? invocations[name.slice(7)] : requests[name]) ?? 0)]));
  return { ...average(total), by_name };
}

async function ofCalls(target: Target, id: string, during: During): Promise<Record<string, Asked>> {
  const counted: Record<string, Asked> = {};
  for (const path of ['/servers/{id}', '/servers', '/servers/detail', PAGE, '/flavors']) {
    const call = () => target.request('compute', 'GET', path.replace('{id}', id));
    await call();
    const all: Stretch[] = [];
    for (let i = 0; i < 4; i++) all.push(await during(call));
    // what asks least has no host's heartbeat beside it
    counted[`GET ${path}`] = average([all.reduce((least, each) => (sumOf(each.requests) < sumOf(least.requests) ? each : least))]);
  }
  return counted;
}

/** Once all that sweep, with nothing to do; the second time, as the first finds what tests left. */
async function ofSweeps(cloud: TestCloud, during: During): Promise<Asked> {
  const swept = functions.filter((each) => each.swept);
  const sweep = async () => { for (const { name } of swept) await cloud.invoke(name, {}); };
  await sweep();
  return average([await during(sweep)]);
}

/** Not ours to count: hosts look. (What Lambda takes of queues passes beside; what it costs follows from the messages' number.) */
const standing = /^s3 HEAD$/;

const mean = <T>(all: T[], of: (one: T) => number, parts = all.length) => all.reduce((sum, one) => sum + of(one), 0) / parts;

function average(all: Stretch[], parts = all.length): Asked {
  const requests = (prefix: string) => mean(all, (counts) => sumOf(Object.fromEntries(Object.entries(counts.requests).filter(([name]) => !standing.test(name))), prefix), parts);
  const of = (value: (counts: Stretch) => number) => mean(all, value, parts);
  return {
    dynamodb: requests('dynamodb'), read_units: of(({ readUnits }) => readUnits), write_units: of(({ writeUnits }) => writeUnits),
    sqs_requests: requests('sqs'), sqs_messages: of(({ messages }) => messages), s3: requests('s3'), ssm: requests('aws SendCommand'), events: requests('aws PutEvents'),
    http: of(({ http }) => http), invocations: of(({ invocations }) => sumOf(invocations)), billed_ms: of(({ billedMs }) => billedMs), gb_ms: of(({ gbMs }) => gbMs),
    log_bytes: of(({ logBytes }) => logBytes),
  };
}

function logBytes({ dataDir }: TestCloud): number {
  const folder = join(dataDir, 'logs');
  return readdirSync(folder).filter((name) => name.startsWith('Novaless-')).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
