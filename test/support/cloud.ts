/**
 * A whole cloud for a test, from the sources as they are, in a folder that goes with it:
 *
 *     const cloud = await testCloud(t, { hypervisors: 2 });
 *
 * Faults: `cloud.breakFunction('glance-api')` makes every later invocation fail as a crash would, until `cloud.mendFunction(name)`;
 * `{ doubleMessages: true }` delivers every SQS batch twice; `{ around }` sees and may change each invocation (local/functions.ts).
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloud } from '../../local/cloud.ts';
import { purgeHosts } from '../../local/hosts.ts';
import type { CloudOptions } from '../../local/cloud.ts';
import type { AroundInvoke } from '../../local/functions.ts';
import { keepRecord, recordFolder, recordGrants, refusedOnAws } from './grants.ts';

export interface TestCloudOptions extends Partial<CloudOptions> {
  doubleMessages?: boolean;
  /** Whether to see what the functions ask of AWS, for `refusedOnAws()`. */
  grants?: boolean;
}

export async function testCloud(t: { after: (done: () => unknown) => void } | undefined, { doubleMessages, around, grants, ...options }: TestCloudOptions = {}) {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'novaless-test-'));
  const broken = new Set<string>();
  const faulty: AroundInvoke = async (call, next) => {
    if (broken.has(call.function.replace('Novaless-', ''))) return { error: { errorType: 'Runtime.ExitError', errorMessage: 'broken by a test', trace: [] } };
    const deliver = (event: unknown) => (around ? around({ ...call, event }, next) : next(event));
    if (doubleMessages && call.source === 'sqs') await deliver(call.event);
    return deliver(call.event);
  };
  const records = recordFolder();
  const recorder = records !== undefined || grants ? recordGrants() : undefined;
  const cloud = await startCloud({
    port: 0, ...options, dataDir, around: faulty,
    ...(recorder && {
      changeTemplate(template) {
        options.changeTemplate?.(template);
        recorder.changeTemplate(template);
      },
      wire: async (service, endpoint) => recorder.wire(service, (await options.wire?.(service, endpoint)) ?? endpoint),
    }),
  });
  const stop = async () => {
    await cloud.stop();
    recorder?.stop();
    if (recorder && records !== undefined) keepRecord(records, recorder.used(cloud.environmentOf));
    const malformed = malformedRequests(join(dataDir, 'logs'));
    if (!options.dataDir) await purgeHosts(dataDir); // real guests go on without their cloud
    if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    assert.deepEqual(malformed, []);
  };
  t?.after(stop);
  return {
    ...cloud, stop,
    /** What functions did without having a right to it. */
    refusedOnAws: () => refusedOnAws(recorder!.used(cloud.environmentOf)),
    breakFunction: (name: string) => void broken.add(name), mendFunction: (name: string) => void broken.delete(name),
  };
}

/** What functions asked that an engine did not understand; a retry by another way would hide it. */
const malformedRequests = (logs: string) => (existsSync(logs) ? readdirSync(logs) : [])
  .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
  .filter((line) => line.includes('"error":"ValidationException"'));

export type TestCloud = Awaited<ReturnType<typeof testCloud>>;
