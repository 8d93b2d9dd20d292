/**
 * Measures a cloud from outside: one that it starts with fake hosts, or any OpenStack.
 * usage: npm run bench -- [--short] [--json FILE] [--hosts N | --os-cloud NAME]    (10 hosts; OS_CLIENT_CONFIG_FILE, default .novaless/clouds.yaml)
 *
 * Timings are for reading, beside the calibration of the same run. Counts do not depend on the machine. The short form is for every day
 * and for CI: fewer of each, and a cloud that was just used where the whole one waits for an idle one.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readClouds } from '../../infra/clouds.ts';
import { hashPassword } from '../../functions/keystone/password.ts';
import { besideEngines } from './beside-engines.ts';
import { calibrate } from './calibration.ts';
import { count, type Counted, type PerLaunch } from './counts.ts';
import { footprint } from './footprint.ts';
import { growth, type Growth } from './growth.ts';
import { initTimes } from './init.ts';
import { table, type Row } from './report.ts';
import { startedCloud, type StartedCloud } from './started-cloud.ts';
import { repeat, spread } from './statistics.ts';
import { openTarget } from './target.ts';
import { launches, tokens, type Timings } from './timings.ts';
import { prepare } from './workload.ts';

const SETTLE_MS = 110_000; // functions' environments end when they have been idle for 90 s
const sections = ['start-up', 'keystone', 'one launch at a time', 'bursts', 'show and list', 'idle', 'the engines alone', 'per launch', 'per launch, by name', 'DynamoDB per call', 'ten times as much: before', 'ten times as much: after', 'functions: bundle', 'functions: init'];
const { values: { short, json, hosts, 'os-cloud': osCloud } } = parseArgs({ options: { short: { type: 'boolean', default: false }, json: { type: 'string' }, hosts: { type: 'string', default: '10' }, 'os-cloud': { type: 'string' } } });
if (!/^[1-9]\d{0,3}$/.test(hosts)) throw new Error(`--hosts ${hosts}: a number from 1 on`);
const rows: Row[] = [];
const say = (text: string) => process.stderr.write(`${text}\n`);
const timings: Timings = { short, say, put: (row) => rows.push(row) };

say('calibration');
const calibration = await calibrate();
let counted: Counted | undefined;
let grown: Growth | undefined;
if (osCloud) {
  const cloud = readClouds(process.env['OS_CLIENT_CONFIG_FILE'] ?? '.novaless/clouds.yaml')[osCloud];
  if (!cloud) throw new Error(`there is no cloud ${osCloud} in the clouds.yaml`);
  await measure(cloud);
} else {
  say(`a cloud with ${hosts} hosts`);
  const own = await startedCloud(Number(hosts));
  try {
    rows.push({ section: 'start-up', label: 'first start', value: own.firstStartMs, unit: 'ms', goal: 15_000 }, { section: 'start-up', label: 'second start', value: own.secondStartMs, unit: 'ms' });
    await raiseQuotas(own);
    await measure(own.demo);
    await idle(own);
    say('what a launch, calls, the sweeper and hosts ask of AWS');
    counted = await count(short ? { launches: 4, servers: 30, heartbeats: false } : {});
    putCounts(counted);
    say("the engines alone, with a launch's requests");
    rows.push(...await besideEngines(own.demo, counted.recorded, short ? { turns: 1, launches: 5 } : { turns: 2, launches: 10 }));
  } finally {
    await own.stop();
  }
  say('ten times the servers, images, projects and hosts');
  grown = await growth(short ? { hosts: 4, servers: 30, images: 30, projects: 10, launches: 4 } : { hosts: 10, servers: 100, images: 50, projects: 20, launches: 8 });
  putGrowth(grown);
  say('bundles');
  for (const { name, kilobytes, initMs } of await initTimes(short ? 1 : 3)) {
    rows.push({ section: 'functions: bundle', label: name, value: kilobytes, unit: 'kB', goal: 500 }, { section: 'functions: init', label: name, value: initMs, unit: 'ms CPU', goal: 100 });
  }
}

rows.sort((a, b) => sections.indexOf(a.section) - sections.indexOf(b.section));
console.log(`calibration: 20 MB hashed in ${calibration.hash_20mb_ms.toFixed(1)} ms, a request on loopback ${calibration.loopback_ms.toFixed(2)} ms`);
console.log(table(rows));
if (json) writeFileSync(json, `${JSON.stringify(asJson(), null, 2)}\n`);

async function measure(cloud: Parameters<typeof openTarget>[0]): Promise<void> {
  const target = await openTarget(cloud);
  say('tokens');
  await tokens(target, spread((await repeat(10, 1, () => hashPassword('calibration'))).each).p50, timings);
  const workload = await prepare(target);
  say('launches');
  try {
    await launches(target, workload, timings);
  } finally {
    await workload.remove().catch((error: Error) => say(`left behind: ${error.message}`));
  }
}

async function raiseQuotas({ admin, demo }: StartedCloud): Promise<void> {
  const [as, { project }] = [await openTarget(admin), await openTarget(demo)];
  const unlimited = (...names: string[]) => Object.fromEntries(names.map((name) => [name, -1]));
  await as.request('compute', 'PUT', `/os-quota-sets/${project}`, { quota_set: unlimited('instances', 'cores', 'ram') });
  await as.request('network', 'PUT', `/quotas/${project}`, { quota: unlimited('port') });
}

async function idle({ pid }: StartedCloud): Promise<void> {
  const seconds = short ? 15 : 60;
  say(short ? `just used, for ${seconds} s` : `idle for ${seconds} s, once what was busy has ended`);
  if (!short) await sleep(SETTLE_MS);
  const before = footprint(pid);
  await sleep(seconds * 1000);
  const after = footprint(pid);
  const [memory, cpu] = [after.memory_mb, Math.round(((after.cpu_s - before.cpu_s) * 6000) / seconds) / 100]; // the kernel counts in hundredths
  if (short) rows.push({ section: 'idle', label: 'memory of a cloud that was just used', value: memory, unit: 'MB' }, { section: 'idle', label: 'CPU a minute, just used', value: cpu, unit: 's' });
  else rows.push({ section: 'idle', label: 'memory of all processes', value: memory, unit: 'MB', reference: 4400, goal: 300 }, { section: 'idle', label: 'CPU a minute', value: cpu, unit: 's', reference: 2, goal: 0.2 });
}

function putCounts({ perLaunch: { by_name, ...sums }, besides }: Counted): void {
  const goals: Partial<Record<keyof PerLaunch, number>> = { dynamodb: 20, sqs_messages: 8, ssm: 1 };
  for (const [label, value] of Object.entries(sums)) rows.push({ section: 'per launch', label, value, unit: '', ...(label in goals && { goal: goals[label as keyof PerLaunch]! }) });
  for (const [label, value] of Object.entries(by_name)) rows.push({ section: 'per launch, by name', label, value, unit: '' });
  for (const [label, { dynamodb, read_units }] of Object.entries(besides.per_call)) {
    rows.push({ section: 'DynamoDB per call', label: `${label}, requests`, value: dynamodb, unit: '' }, { section: 'DynamoDB per call', label: `${label}, read units`, value: read_units, unit: '' });
  }
}

function putGrowth(all: Growth): void {
  for (const [name, { before, after }] of Object.entries(all)) {
    for (const of of ['dynamodb', 'read_units', ...(name.startsWith('GET') ? [] : ['write_units' as const])] as const) {
      rows.push({ section: 'ten times as much: before', label: `${name}, ${of}`, value: before[of], unit: '' }, { section: 'ten times as much: after', label: `${name}, ${of}`, value: after[of], unit: '' });
    }
  }
}

function asJson() {
  const of = (test: (row: Row) => boolean) => Object.fromEntries(rows.filter(test).map(({ section, label, value, unit }) => [`${section}: ${label}`, { value, unit }]));
  const rate = ({ unit }: Row) => unit.endsWith('/s');
  return {
    calibration, ...(counted && { per_launch: counted.perLaunch, ...counted.besides }), ...(grown && { growth: grown }),
    latency: of(({ unit }) => unit === 'ms'), throughput: of(rate),
    other: of((row) => row.unit !== 'ms' && !rate(row) && !row.section.startsWith('per launch') && !row.section.startsWith('ten times') && row.section !== 'DynamoDB per call'),
  };
}
