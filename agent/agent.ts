import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentConfig } from '../shared/agent/config.ts';
import { factsOf, log } from '../shared/telemetry/log.ts';
import { awsClients } from './aws.ts';
import { serveConsoles } from './console/listener.ts';
import { makeDriver } from './drivers/drivers.ts';
import { startHost } from './host.ts';
import { s3Images } from './images.ts';
import { beat } from './reports/heartbeats.ts';
import { createSender } from './reports/sender.ts';
import { listenForRings } from './ring.ts';
import { AGENT_VERSION } from './version.ts';

const LISTEN_AGAIN_MS = 10_000;

/** Starts the agent for all the hosts of a configuration. Throws where it can't listen or read its keys; what is only away it waits for. */
export async function startAgent(config: AgentConfig): Promise<{ stop(): void }> {
  const ending = new AbortController();
  const stopping = ending.signal;
  const hosts = new Map<string, ReturnType<typeof startHost>>();
  const rings = await listenForRings(config.ringSocket, (line) => {
    for (const each of line.host === undefined ? hosts.values() : [hosts.get(line.host)]) {
      if (line.ring !== undefined) each?.ring();
      each?.message(line);
    }
  });
  // From here on this process alone works on the hosts' state.
  const aws = awsClients(config);
  const shared = { config, aws, images: s3Images(aws.s3), reports: createSender(aws.sqs, config.reportsQueue, stopping), makeDriver, stopping };
  for (const own of config.hosts) hosts.set(own.host, startHost(own, shared));
  void beat(aws.sqs, config.heartbeatsQueue, [...hosts.values()].map(({ heartbeat }) => heartbeat), stopping);
  let consoles = await listen();
  if (!consoles) void (async () => {
    while (!consoles && !stopping.aborted) {
      await sleep(LISTEN_AGAIN_MS, undefined, { signal: stopping }).catch(() => {});
      consoles = await listen();
    }
  })();
  /** Without its console an agent is still worth a lot. */
  function listen() {
    return serveConsoles([...hosts.values()].map((each) => each.console), config.console).catch((error: unknown) => {
      log.error('no console: its address cannot be listened on', { ...config.console, ...factsOf(error) });
      return undefined;
    });
  }
  log.info('agent started', { version: AGENT_VERSION, pid: process.pid, hosts: config.hosts.length, console_port: consoles?.port, ring_socket: config.ringSocket });
  return {
    /** Leaves everything as it is: what was under way goes on at the next start. */
    stop(): void {
      ending.abort();
      rings.stop();
      consoles?.stop();
    },
  };
}
