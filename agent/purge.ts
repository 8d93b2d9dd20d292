import { randomUUID } from 'node:crypto';
import type { AgentConfig } from '../shared/agent/config.ts';
import { awsClients } from './aws.ts';
import { makeDriver } from './drivers/drivers.ts';
import { makeFolder } from './files.ts';
import { defaultCapacity } from './host.ts';
import { s3Images } from './images.ts';

/**
 * Leaves nothing of these hosts' guests on the machine: no guest, network, disk, volume or cached image. For hosts that go, while no
 * agent runs for them. Throws at the first thing that can't be removed; what it is called for again goes on from there.
 */
export async function purge(config: AgentConfig): Promise<{ guests: number }> {
  const images = s3Images(awsClients(config).s3);
  const signal = new AbortController().signal;
  let guests = 0;
  for (const { host, driver: kind, stateDir, storageDir, capacity = defaultCapacity } of config.hosts) {
    const driver = makeDriver(kind, { host, folder: makeFolder(stateDir, kind), storageDir, capacity, images, consoleChanged: () => {}, powerChanged: () => {} });
    for (const { uuid } of driver.guests()) {
      await driver.actions.destroy({ instance_uuid: uuid }, { id: randomUUID(), signal });
      guests++;
    }
    await driver.purge?.();
  }
  return { guests };
}
