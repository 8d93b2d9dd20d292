/**
 * Carries rings to agents on this machine. LocalStack records what SendCommand sends and runs nothing, so the relay looks
 * for new commands and hands each to the agent's socket, as the document would on a host.
 */
import { type Command, ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { createConnection } from 'node:net';
import type { Ring } from '../shared/agent/config.ts';
import { clientSettings } from './localstack.ts';

const everyMs = 200;

/** Hands on every ring sent after the start. `hosts` maps a managed instance's id to the host's name. Returns how to stop it. */
export async function relayRings(hosts: Map<string, string>, ringSocket: string): Promise<() => void> {
  const ssm = new SSMClient(clientSettings);
  // LocalStack's list is whole and unpaged, the oldest first.
  const list = async () => (await ssm.send(new ListCommandsCommand({}))).Commands ?? [];
  const seen = new Set((await list()).map(({ CommandId }) => CommandId));
  let stopped = false;
  void (async () => {
    while (!stopped) {
      try {
        const fresh = (await list()).filter(({ CommandId }) => !seen.has(CommandId));
        const rings = fresh.flatMap((command) => ringsOf(command, hosts));
        if (rings.length > 0) await ringAgents(ringSocket, rings);
        for (const { CommandId } of fresh) seen.add(CommandId); // a ring that didn't arrive is sent again
      } catch (error) {
        if (!stopped) console.error(`rings: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  })();
  return () => {
    stopped = true;
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

/** Writes rings to an agent's socket, a line of JSON each. */
export function ringAgents(ringSocket: string, rings: Ring[]): Promise<void> {
  return new Promise((done, failed) => {
    const socket = createConnection(ringSocket);
    socket.on('error', failed);
    socket.on('close', () => done());
    socket.end(rings.map((ring) => `${JSON.stringify(ring)}\n`).join(''));
    socket.resume();
  });
}
