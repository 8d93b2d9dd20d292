import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Clients } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { writeQcow2 } from '../support/image.ts';

/** What someone does with a cloud on the first day, by the real client: an image, a server with a volume and a console, stopped, started and deleted. */
export async function smoke({ openstack, json, label }: Clients, folder: string): Promise<void> {
  const name = label.replace(/\W+/g, '-');
  const disk = writeQcow2(join(folder, 'disk.qcow2'));
  await openstack('image', 'create', name, '--file', disk, '--disk-format', 'qcow2', '--container-format', 'bare');
  // From a volume, which is then on the server's host: others may be on any.
  await openstack('server', 'create', '--flavor', 'm1.small', '--image', name, '--boot-from-volume', '1', '--network', 'private', '--wait', name);
  const [listed] = await json('server', 'list', '--name', `^${name}$`);
  assert.equal(listed.Status, 'ACTIVE');
  assert.match(await eventually(() => openstack('console', 'log', 'show', name)), /\S/);
  const [{ ID: volume, Status: attached }] = await json('volume', 'list');
  assert.equal(attached, 'in-use');
  await openstack('server', 'stop', name);
  const is = (status: string) => eventually(async () => assert.equal((await json('server', 'show', name)).status, status));
  await is('SHUTOFF');
  await openstack('server', 'start', name);
  await is('ACTIVE');
  await openstack('server', 'delete', '--wait', name);
  await eventually(() => openstack('volume', 'delete', volume)); // its host lets go of it first
  await openstack('image', 'delete', name);
}
