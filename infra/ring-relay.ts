/**
 * Carries rings to agents on this machine. LocalStack records what SendCommand sends and runs nothing, so the relay looks
 * for new commands and hands each to the agent's socket, as the document would on a host.
 */
import { type Command, ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ringer } from '../local/hosts.ts';
import type { Ring } from '../shared/agent/config.ts';
import { clientSettings } from './localstack.ts';

/** How long it rests between two looks: longer where a look is work for LocalStack, as it is once there are many commands. */
const restMs = (tookMs: number) => Math.min(1000, Math.max(200, 3 * tookMs));

/** Hands on every ring sent after the start. `hosts` maps a managed instance's id to the host's name. Returns how to stop it. */
export async function relayRings(hosts: Map<string, string>, ringSocket: string): Promise<() => void> {
  const ssm = new SSMClient(clientSettings);
  const bell = ringer(ringSocket);
  // LocalStack's list is whole and unpaged, the oldest first.
  const list = async () => (await ssm.send(new ListCommandsCommand({}))).Commands ?? [];
  const seen = new Set((await list()).map(({ CommandId }) => CommandId));
  let stopped = false;
  void (async () => {
    while (!stopped) {
      const began = Date.now();
      try {
        for (const command of await list()) {
          if (seen.has(command.CommandId)) continue;
          seen.add(command.CommandId);
          for (const { host, ring } of ringsOf(command, hosts)) bell.ring(host, ring);
        }
      } catch (error) {
        if (!stopped) console.error(`rings: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, restMs(Date.now() - began)));
    }
  })();
  return () => {
    stopped = true;
    bell.stop();
    ssm.destroy();
  };
}

function ringsOf({ InstanceIds = [], Parameters }: Command, hosts: Map<string, string>): Ring[] {
  const ring = Parameters?.['ringId']?.[0];
  return InstanceIds.flatMap((id) => {
    const host = hosts.get(id);
    return host && ring ? [{ host, ring }] : [];
  });
}
