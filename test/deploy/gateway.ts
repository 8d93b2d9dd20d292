import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { Api } from '../support/api.ts';

/**
 * What clients live on passes the gateway in both directions: a header given twice counts twice (a client of several services asks for a
 * version of each), a parameter given twice too, and no header of an answer comes under another name, as API Gateway does it with some.
 */
export async function passGateway(api: Api): Promise<void> {
  const versions = ['volume 3.59', 'compute 2.90'];
  const answered = await new Promise<Record<string, unknown>>((done, failed) => {
    request(`${api.endpoint}/compute/v2.1/flavors`, { headers: { 'X-Auth-Token': api.token, 'OpenStack-API-Version': versions } }, (response) => done(response.resume().headers)).on('error', failed).end();
  });
  assert.equal(answered['openstack-api-version'], versions[1]);
  assert.match(String(answered['vary']), /OpenStack-API-Version/);

  const both = (await api.get('/network/v2.0/networks?name=private&name=public')).body.networks as { name: string }[];
  assert.deepEqual(both.map(({ name }) => name).sort(), ['private', 'public']);

  const made = await api.post('/image/v2/images', { name: 'located', disk_format: 'raw', container_format: 'bare' });
  assert.ok(made.headers.get('location')?.endsWith(`/image/v2/images/${made.body.id}`), String(made.headers.get('location')));
  const removed = await api.delete(`/image/v2/images/${made.body.id}`);
  const stranger = await api.get('/compute/v2.1/servers', { 'X-Auth-Token': 'unknown' });
  assert.equal(stranger.status, 401);
  assert.match(stranger.headers.get('www-authenticate') ?? '', /^Keystone uri=/);
  for (const { headers } of [made, removed, stranger]) {
    assert.match(headers.get('x-openstack-request-id') ?? '', /^req-/);
    const renamed = [...headers.keys()].filter((name) => name.startsWith('x-amzn-remapped-'));
    assert.deepEqual(renamed.filter((name) => !/-(connection|content-length|date|server)$/.test(name)), []);
  }
}
