import assert from 'node:assert/strict';
import type { Api } from './api.ts';
import { eventually } from './eventually.ts';

const COMPUTE = '/compute/v2.1';

/** An active raw image of 1 KiB; its id. */
export async function activeImage(api: Api, name: string, more: object = {}): Promise<string> {
  const made = await api.post('/image/v2/images', { name, disk_format: 'raw', container_format: 'bare', ...more });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const put = await api.request('PUT', `/image/v2/images/${made.body.id}/file`, 'x'.repeat(1024), { 'Content-Type': 'application/octet-stream' });
  assert.equal(put.status, 204, JSON.stringify(put.body));
  return made.body.id;
}

/** The server once it has the status; fails at once on ERROR where that was not asked for. */
export async function waitForServer(api: Api, id: string, status: string, seconds = 60): Promise<any> {
  let failed: Error | undefined;
  const server = await eventually(async () => {
    const { body } = await api.get(`${COMPUTE}/servers/${id}`);
    const now = body?.server?.status;
    if (now === status && body.server['OS-EXT-STS:task_state'] === null) return body.server;
    if (now === 'ERROR' && status !== 'ERROR') {
      failed = new Error(`server ${id} is in ERROR: ${JSON.stringify(body.server.fault)}`);
      return undefined;
    }
    throw new Error(`server ${id} is ${now ?? JSON.stringify(body)} instead of ${status}`);
  }, seconds);
  if (failed) throw failed;
  return server;
}

/** An ACTIVE server; its id. */
export async function bootServer(api: Api, { image, flavor, ...more }: { name: string; image: string; flavor: string; networks: object[] | string } & Record<string, unknown>): Promise<string> {
  const made = await api.post(`${COMPUTE}/servers`, { server: { imageRef: image, flavorRef: flavor, ...more } }, { 'OpenStack-API-Version': 'compute 2.90' });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  await waitForServer(api, made.body.server.id, 'ACTIVE');
  return made.body.server.id;
}
