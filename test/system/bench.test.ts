import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { functions } from '../../infra/functions.ts';
import { bill, sum } from '../bench/cost.ts';
import type { Asked } from '../bench/counting.ts';
import type { Besides, PerLaunch } from '../bench/counts.ts';
import type { Growth } from '../bench/growth.ts';
import { prices } from '../bench/prices.ts';

/** What a launch may ask of AWS: a little above what it asks for. Whoever lowers it lowers this; whoever needs more says why. */
const ceiling = { dynamodb: 24, write_units: 92, sqs_messages: 8.5, sqs_requests: 8.5, ssm: 1, s3: 1, events: 2, http: 1.5, invocations: 17 };
/** What a cold start may have to read, in kB. */
const BUNDLE = 500;
const MINUTES = 15; // about two on a machine of two cores that does nothing else

type Figures = Record<string, { value: number; unit: string }>;
interface Result extends Besides {
  calibration: Record<string, number>;
  per_launch: PerLaunch;
  growth: Growth;
  latency: Figures;
  throughput: Figures;
  other: Figures;
}

/* The bench as anybody starts it. Counts do not depend on the machine and are asserted; times are printed for whoever reads this run. */
let result: Result;
const folder = mkdtempSync(join(tmpdir(), 'novaless-bench-test-'));
let bench: ChildProcessByStdio<null, Readable, Readable>;
after(() => {
  if (bench.exitCode === null) stop();
  rmSync(folder, { recursive: true, force: true });
});
/** The bench with npm's shells and its cloud: they have a process group of their own. */
const stop = () => void process.kill(-bench.pid!, 'SIGTERM');
before(async () => {
  const file = join(folder, 'result.json');
  bench = spawn('npm', ['run', '--silent', 'bench', '--', '--short', '--json', file], { cwd: resolve(import.meta.dirname, '../..'), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let said = '';
  for (const stream of [bench.stdout, bench.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said += text; });
  const impatient = setTimeout(stop, (MINUTES - 1) * 60_000);
  const code = await new Promise((ended) => bench.once('close', (status, signal) => ended(status ?? signal)));
  clearTimeout(impatient);
  assert.equal(code, 0, said);
  result = JSON.parse(readFileSync(file, 'utf8')) as Result;
}, { timeout: MINUTES * 60_000 });

test('a launch does not come to ask more of AWS than it did', (t) => {
  const { by_name, ...asked } = result.per_launch;
  t.diagnostic(`measured: a launch: ${shown(asked)}; $${sum(bill(asked, prices('us-east-1'), 1e6)).toFixed(0)} a million`);
  for (const name of Object.keys(ceiling)) assert.ok(asked[name as keyof Asked] > 0, `${name} was not counted`);
  const above = Object.entries(ceiling).filter(([name, most]) => asked[name as keyof Asked] > most).map(([name, most]) => `${name}: ${asked[name as keyof Asked]}, not ${most} at most`);
  assert.deepEqual(above, [], JSON.stringify(by_name, null, 2));
});

/** Of a launch: one look at the hosts and one validation of a token more or less are chance. */
const CHANCE = 2;
/** Everyone's servers lie in sixteen partitions by chance: of few some hold less than their share of a page, of many some hold more, and are read twice. */
const shares = (call: string) => (call.includes('all_tenants') ? { requests: 5, units: 10 } : { requests: 0, units: 1 });
const isWhole = (call: string) => /^GET \/servers(\/detail)?$/.test(call);

test('what is ten times as large asks no more of AWS: calls nothing, but for the pages of whole lists, and a launch a tenth at most', (t) => {
  for (const [name, { before, after }] of Object.entries(result.growth)) {
    t.diagnostic(`measured: ${name}: before and after ${before.dynamodb}, ${after.dynamodb} requests, ${before.read_units}, ${after.read_units} read units, ${before.write_units}, ${after.write_units} write units; ${before.billed_ms}, ${after.billed_ms} ms`);
    const call = name.startsWith('GET');
    assert.ok(after.dynamodb <= (call ? before.dynamodb + shares(name).requests : before.dynamodb * 1.1 + CHANCE), `${name}: ${after.dynamodb} requests where ${before.dynamodb} were enough`);
    if (call && !isWhole(name)) assert.ok(after.read_units <= before.read_units * 1.1 + shares(name).units, `${name}: ${after.read_units} read units where ${before.read_units} were enough`);
    if (!call) assert.ok(after.write_units <= before.write_units * 1.1, `${name}: ${after.write_units} write units where ${before.write_units} were enough`);
  }
  for (const [call, { dynamodb }] of Object.entries(result.per_call)) assert.ok(dynamodb <= 2, `${call}: ${dynamodb} requests`);
});

test('the sweeper asks little while there is nothing to do, and writes nothing', (t) => {
  const { dynamodb, read_units, write_units, sqs_requests } = result.per_sweep;
  t.diagnostic(`measured: a minute: ${dynamodb} requests to DynamoDB, ${read_units} read units, ${write_units} write units`);
  assert.ok(dynamodb <= 70, `${dynamodb} requests`);
  assert.ok(write_units <= 2 && sqs_requests === 0, `${write_units} write units, ${sqs_requests} messages`);
});

test('a cold start of any function reads a small bundle', () => {
  const size = ({ name }: { name: string }) => result.other[`functions: bundle: ${name}`]?.value;
  const wrong = functions.filter((each) => !(size(each)! <= BUNDLE)).map((each) => `${each.name}: ${size(each)} kB`);
  assert.deepEqual(wrong, []);
});

test('whoever reads a run of the bench finds every time and rate in it, and how fast the machine was meanwhile', (t) => {
  const { calibration, latency, throughput, other } = result;
  t.diagnostic(`measured: calibration: ${Object.entries(calibration).map(([name, value]) => `${name} ${value.toFixed(2)}`).join(', ')}`);
  for (const [name, { value, unit }] of Object.entries({ ...latency, ...throughput, ...other })) {
    if (!name.startsWith('functions:')) t.diagnostic(`measured: ${name}: ${value < 10 ? value.toFixed(2) : Math.round(value)} ${unit}`);
  }
  for (const [name, value] of Object.entries(calibration)) assert.ok(value > 0, `calibration: ${name}`);
  for (const [name, { value }] of Object.entries({ ...latency, ...throughput })) assert.ok(Number.isFinite(value) && value > 0, `${name}: ${value}`);
  const missing = (wanted: RegExp[], found: Figures) => wanted.filter((each) => !Object.keys(found).some((name) => each.test(name))).map(String);
  assert.ok('hash_20mb_ms' in calibration && 'loopback_ms' in calibration);
  assert.deepEqual(missing([/first start/, /token issue, c=8/, /token validation/, /POST \/servers, p99/, /POST → ACTIVE, p50/, /POST → ACTIVE, p99/, /DELETE/, /GET \/servers\/\{id\}/, /GET \/servers of/, /GET \/servers\/detail/, /^the engines alone: one launch's requests/], latency), []);
  assert.deepEqual(missing([/token issue, c=8/, /^bursts: burst of/, /multi-create/], throughput), []);
  assert.deepEqual(missing([/idle: memory/, /idle: CPU/, /functions: init/, /as a ratio to it/], other), []);
});

test("what the bench calls the engines' own time is that of a launch: they did with its requests what they did on the cloud", () => {
  const { 'the engines alone: their number': requests, 'the engines alone: of these answered otherwise': otherwise } = result.other;
  assert.ok(requests!.value >= result.per_launch.dynamodb + result.per_launch.sqs_requests - 1, JSON.stringify(result.other));
  // of two that were asked at once, another may come first
  assert.ok(otherwise!.value <= requests!.value / 20, `${otherwise!.value} of ${requests!.value} requests`);
});

const shown = (asked: Asked) => Object.entries(asked).map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`).join(', ');
