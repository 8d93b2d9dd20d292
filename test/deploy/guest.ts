import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { guestImage } from '../host/image/build.ts';
import type { Api } from '../support/api.ts';
import type { Clients } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { waitForServer } from '../support/servers.ts';

const BOOT_SECONDS = 180; // emulated, beside other tests

/** Serves the guests' image on this machine, too large to go through a function; `host` is its HOST:PORT. */
export async function serveGuestImage(): Promise<Server & { host: string }> {
  const server = createServer((_, response) => void guestImage().then((file) => createReadStream(file).pipe(response), () => response.destroy()));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return Object.assign(server, { host: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** A real guest of this machine's libvirt: its image comes by web-download, it boots, has the cloud's address and metadata, is stopped, started and deleted. */
export async function realGuest({ openstack, json }: Clients, demo: Api, imageUrl: string): Promise<void> {
  await guestImage(); // made now, not while it is being fetched
  const { id: image } = (await demo.post('/image/v2/images', { name: 'guest', disk_format: 'qcow2', container_format: 'bare', hw_cdrom_bus: 'scsi' })).body; // its kernel knows no SATA
  const asked = await demo.post(`/image/v2/images/${image}/import`, { method: { name: 'web-download', uri: imageUrl } });
  assert.equal(asked.status, 202, JSON.stringify(asked.body));
  await eventually(async () => {
    const { body } = await demo.get(`/image/v2/images/${image}`);
    assert.equal(body.status, 'active', JSON.stringify(body));
  }, 60);
  await openstack('server', 'create', '--flavor', 'm1.tiny', '--image', 'guest', '--network', 'private', '--config-drive', 'True', 'guest');
  const [{ ID: id }] = await json('server', 'list', '--name', '^guest$');
  const { addresses } = await waitForServer(demo, id, 'ACTIVE', BOOT_SECONDS);
  const says = (...lines: RegExp[]) => eventually(async () => {
    const log = await openstack('console', 'log', 'show', 'guest');
    for (const line of lines) assert.match(log, line);
  }, BOOT_SECONDS, 2000);
  await says(/Linux version/, new RegExp(`guest: eth0 has ${addresses.private[0].addr}/`), /guest: metadata service answered/, /guest: guest is ready/);
  await openstack('server', 'stop', 'guest');
  await waitForServer(demo, id, 'SHUTOFF');
  await openstack('server', 'start', 'guest');
  await waitForServer(demo, id, 'ACTIVE');
  await says(/guest: boot 2/);
  await openstack('server', 'delete', '--wait', 'guest');
  await demo.delete(`/image/v2/images/${image}`);
}
