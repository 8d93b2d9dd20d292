import { SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { lean } from '../../../shared/aws/lean.ts';
import { batched } from '../../../shared/batching.ts';
import { environment } from '../../../shared/deployment/declaration.ts';
import { requireEnv } from '../../../shared/environment.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { enrolmentOf } from './enrolment.ts';

/** What SendCommand takes at most. */
const HOSTS_A_SEND = 50;
const ATTEMPTS = 6;

let client: SSMClient | undefined;

/**
 * Tells a host's agent that commands wait for it. One ring serves all that wait, and one send many hosts: those that are
 * asked for while another is under way go together. A ring that cannot be sent is only told in the log: the sweeper rings again.
 */
export async function ring(host: string, { afresh = false } = {}): Promise<void> {
  if (afresh) await enrolmentOf(host, { afresh }).catch(() => undefined);
  await rung(host);
}

const rung = batched<string>({
  fit: (hosts) => new Set(hosts).size <= HOSTS_A_SEND,
  async send(hosts) {
    await send([...new Set(hosts)]);
    return [];
  },
});

async function send(hosts: string[]): Promise<void> {
  const found = await Promise.all(hosts.map((host) => enrolmentOf(host).catch(() => undefined)));
  const ids = found.flatMap((enrolment) => enrolment?.managed_instance_id ?? []);
  if (ids.length === 0) return;
  try {
    await sendCommand(ids);
  } catch (error) {
    if ((error as Error).name === 'InvalidInstanceId' && ids.length > 1) {
      await Promise.all(ids.map((id) => sendCommand([id]).catch((each: unknown) => log.warn('a host cannot be rung', { id, ...factsOf(each) }))));
    } else log.warn('hosts cannot be rung', { hosts, ...factsOf(error) });
  }
}

/** Throttling is SendCommand's normal answer to a burst: again, with full jitter. */
async function sendCommand(InstanceIds: string[]): Promise<void> {
  client ??= lean(SSMClient, { maxAttempts: 1 });
  const command = new SendCommandCommand({
    DocumentName: requireEnv(environment.agentDocument), InstanceIds, Parameters: { ringId: [randomUUID()] }, TimeoutSeconds: 60,
  });
  for (let attempt = 1; ; attempt++) {
    try {
      return void (await client.send(command));
    } catch (error) {
      const passing = /Throttl|TooManyRequests|InternalServer|ServiceUnavailable|RateExceeded|TimeoutError|ECONN/.test(`${(error as Error).name} ${(error as Error).message}`);
      if (!passing || attempt >= ATTEMPTS) throw error;
      await sleep(Math.random() * 100 * 2 ** attempt);
    }
  }
}
