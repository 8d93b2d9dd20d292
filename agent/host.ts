import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentConfig } from '../shared/agent/config.ts';
import { factsOf, log } from '../shared/telemetry/log.ts';
import type { Aws } from './aws.ts';
import { outage } from './backoff.ts';
import { waitingCommands } from './commands/journal.ts';
import { openRecords } from './commands/records.ts';
import { createWorker } from './commands/worker.ts';
import { consoleLogs } from './console-logs.ts';
import type { ConsoleHost } from './console/listener.ts';
import { usedTokens } from './console/used-tokens.ts';
import type { Driver, DriverSurroundings, Images } from './drivers/driver.ts';
import { makeFolder } from './files.ts';
import type { RingLine } from './ring.ts';
import { createReporter, signedText } from './reports/reporter.ts';
import type { Sender } from './reports/sender.ts';
import { AGENT_VERSION } from './version.ts';

export type HostConfig = AgentConfig['hosts'][number];

/** What the hosts of one process share. */
export interface Shared {
  config: AgentConfig;
  aws: Aws;
  images: Images;
  reports: Sender;
  makeDriver: (kind: HostConfig['driver'], surroundings: DriverSurroundings) => Driver;
  stopping: AbortSignal;
}

/** Without a ring, the journal is looked at this often: a ring may be lost. */
const LOOK_MS = 60_000;
const REST_MS = 50; // between two looks: rings come in flocks

export const defaultCapacity = { vcpus: 32, memory_mb: 64 * 1024, local_gb: 1024 };

/** One host: its identity, its driver, its commands. */
export function startHost(own: HostConfig, { config, aws, images, reports, makeDriver, stopping }: Shared) {
  const { host, consoleUrl } = own;
  const folder = makeFolder(own.stateDir);
  const speaker = { host, privateKey: readFileSync(own.privateKeyFile, 'utf8') };
  const records = openRecords(folder);
  const tokens = usedTokens(folder);
  const logs = consoleLogs({ s3: aws.s3, bucket: config.consolesBucket, host, tail: (uuid, bytes) => driver.consoleLog(uuid, bytes), stopping });
  const reporter = createReporter({ speaker, sender: reports, records, undo: (record, id) => worker.undo(record, id) });
  const driver: Driver = makeDriver(own.driver, {
    host, folder: makeFolder(folder, own.driver), storageDir: own.storageDir, capacity: own.capacity ?? defaultCapacity, images,
    consoleChanged: (uuid) => queueMicrotask(() => logs.changed(uuid)),
    powerChanged: (uuid, power_state) => reporter.powerStates([{ instance_uuid: uuid, power_state }]),
  });
  const worker = createWorker({ host, driver, records, reporter, consoleLogs: logs, stopping });
  const journal = outage((away, reason) => (away ? log.warn('the journal cannot be read; trying on', { host, reason }) : log.info('the journal can be read again', { host })));

  let first = true;
  let asked = false; // somebody rang while a look was under way
  let looking = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    asked = true;
    if (looking) return;
    looking = true;
    clearTimeout(timer);
    while (asked && !stopping.aborted) {
      asked = false;
      let rest = REST_MS;
      try {
        await lookOnce();
        journal.worked();
      } catch (error) {
        if (stopping.aborted) return;
        asked = true;
        rest = journal.failed(error);
      }
      await sleep(rest, undefined, { signal: stopping }).catch(() => {});
    }
    looking = false;
    if (!stopping.aborted) timer = setTimeout(() => void look(), LOOK_MS * (0.9 + 0.2 * Math.random()));
  }

  async function lookOnce(): Promise<void> {
    const items = await waitingCommands(aws.journal, config.journalTable, host);
    const ids = new Set(items.map((item) => ('command' in item ? item.command.id : item.envelope?.id)).filter((id) => id !== undefined));
    if (first) {
      worker.recover(ids);
      // What changed while no agent ran; guests with a command under way are told by its report.
      reporter.powerStates(driver.guests().filter(({ uuid }) => !worker.busy(uuid)).map(({ uuid, power_state }) => ({ instance_uuid: uuid, power_state })));
      first = false;
    }
    worker.take(items);
    await records.prune(ids, worker.busy);
  }

  stopping.addEventListener('abort', () => clearTimeout(timer));
  void look();

  return {
    host,
    ring: (): void => void look(),
    /** What a line of the ring socket says to the host's driver. */
    message: (line: RingLine): void => {
      if (line[own.driver] !== undefined) driver.message?.(line[own.driver]).catch((error: unknown) => log.error('a message to the driver failed', { host, ...factsOf(error) }));
    },
    heartbeat: async () =>
      signedText(speaker, 'heartbeat', { sent_at: new Date().toISOString(), agent_version: AGENT_VERSION, console_url: consoleUrl, ...(await driver.facts()) }),
    console: {
      host,
      prefix: new URL(consoleUrl).pathname.replace(/\/$/, ''),
      page: () => driver.consolePage(),
      keyOf: (instance) => {
        const record = records.find(instance);
        return record?.spawned === undefined ? undefined : record.console_key;
      },
      useToken: (jti, exp) => tokens.use(jti, exp),
      join: (instance, socket) => driver.joinConsole(instance, socket),
    } satisfies ConsoleHost,
  };
}
