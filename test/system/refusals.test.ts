import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Api, apiAs, type ApiAnswer } from '../support/api.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { activeImage, bootServer, waitForServer } from '../support/servers.ts';
import { eventually } from '../support/eventually.ts';

const COMPUTE = '/compute/v2.1';

describe('what a user gets told', () => {
  let cloud: TestCloud;
  let demo: Api;
  let admin: Api;
  let image: string;
  let network: string;
  const tiny = '1';

  before(async () => {
    cloud = await testCloud(undefined);
    demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
    admin = await apiAs('admin', cloud.endpoint, cloud.dataDir);
    image = await activeImage(demo, 'refusals');
    network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
  });
  after(() => cloud?.stop());

  const server = (more: object = {}) => ({ server: { name: 'refused', flavorRef: tiny, imageRef: image, networks: [{ uuid: network }], ...more } });
  const create = (more?: object, version = '2.90') => demo.post(`${COMPUTE}/servers`, server(more), { 'OpenStack-API-Version': `compute ${version}` });
  const says = (answer: ApiAnswer, status: number, pattern: RegExp) => {
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.match(JSON.stringify(answer.body), pattern);
  };

  test('a wrong password is 401, and so is a made-up, a cut and a revoked token', async () => {
    const stranger = new Api(cloud.endpoint);
    says(await stranger.login('demo', 'wrong', 'demo'), 401, /requires authentication/);
    for (const path of [`${COMPUTE}/servers`, '/image/v2/images', '/network/v2.0/networks', '/volume/v3/volumes', '/identity/v3/projects']) {
      says(await stranger.get(path), 401, /Unauthorized|authentication/i);
      says(await stranger.get(path, { 'X-Auth-Token': 'gAAAAmade-up' }), 401, /Unauthorized|authentication/i);
      says(await stranger.get(path, { 'X-Auth-Token': demo.token.slice(0, -2) }), 401, /Unauthorized|authentication/i);
    }
    const other = await apiAs('demo', cloud.endpoint, cloud.dataDir);
    assert.equal((await other.delete('/identity/v3/auth/tokens', { 'X-Subject-Token': other.token })).status, 204);
    says(await other.get('/network/v2.0/networks'), 401, /Unauthorized|authentication/i);
  });

  test('what a launch names and does not exist is named in the refusal', async () => {
    const nowhere = '11111111-2222-4333-8444-555555555555';
    says(await create({ flavorRef: 'no-such' }), 400, /no-such/);
    says(await create({ imageRef: nowhere }), 400, new RegExp(nowhere));
    says(await create({ networks: [{ uuid: nowhere }] }), 400, new RegExp(nowhere));
    says(await create({ key_name: 'no-key' }), 400, /keypair no-key/);
    says(await create({ security_groups: [{ name: 'no-group' }] }), 400, /no-group/);
    says(await create({ networks: [{ port: nowhere }] }), 400, new RegExp(nowhere));
    says(await create({ availability_zone: 'no-zone' }), 400, /no-zone|availability zone/i);
    says(await demo.get(`${COMPUTE}/servers/${nowhere}`), 404, new RegExp(nowhere));
  });

  test('an image without data, or too large for the flavor, is refused', async () => {
    const queued = (await demo.post('/image/v2/images', { name: 'empty', disk_format: 'raw', container_format: 'bare' })).body.id;
    says(await create({ imageRef: queued }), 400, /not active/i);
    const large = await activeImage(demo, 'large', { min_ram: 4096 });
    says(await create({ imageRef: large }), 400, /memory is too small|too small/i);
    const wide = await activeImage(demo, 'wide', { min_disk: 30 });
    says(await create({ imageRef: wide }), 400, /disk is (?:smaller|too small)|too small|smaller than/i);
  });

  test('malformed, unknown and oversized input is 4xx and names the field', async () => {
    says(await demo.post(`${COMPUTE}/servers`, '{"server": '), 400, /malformed|JSON/);
    says(await create({ surprise: 1 }), 400, /surprise/);
    says(await create({ name: '' }), 400, /name/);
    says(await create({ name: 'x'.repeat(256) }), 400, /name.*too long/);
    says(await create({ min_count: 3, max_count: 2 }), 400, /min_count/);
    says(await create({ user_data: '!!!' }), 400, /user_data/);
    says(await create({ metadata: { k: 5 } }), 400, /5|'5'/);
    says(await create({ networks: 'sometimes' }), 400, /networks/);
    says(await demo.post(`${COMPUTE}/servers`, { server: {} }), 400, /required/);
    says(await demo.post(`${COMPUTE}/servers`, []), 400, /object|not of type/);
    says(await demo.post(`${COMPUTE}/servers`, `{"server": {"name": "${'x'.repeat(200_000)}"}}`), 413, /large/i);
    says(await demo.get(`${COMPUTE}/servers`, { 'OpenStack-API-Version': 'compute 2.9999' }), 406, /2\.9999/);
    says(await demo.get(`${COMPUTE}/servers`, { 'OpenStack-API-Version': 'compute two' }), 400, /two/);
    says(await demo.get(`${COMPUTE}/servers?limit=-1`), 400, /limit/);
    says(await demo.get(`${COMPUTE}/servers?marker=nobody`), 400, /marker/);
    says(await demo.get(`${COMPUTE}/no-such-thing`), 404, /./);
    says(await demo.request('PATCH', `${COMPUTE}/servers`), 405, /./);
    says(await demo.post('/network/v2.0/networks', { network: { name: 'x', colour: 'red' } }), 400, /colour/);
    says(await demo.post('/network/v2.0/subnets', { subnet: { network_id: network, ip_version: 4, cidr: 'ten' } }), 400, /cidr/);
    says(await demo.post('/volume/v3/volumes', { volume: { size: 0 } }), 400, /size/);
    says(await demo.post('/image/v2/images', { name: 'x', disk_format: 'floppy' }), 400, /disk_format|floppy/);
  });

  test('over quota is 403 and names the resource; nothing is left behind', async () => {
    says(await create({ min_count: 11, max_count: 11 }), 403, /Quota exceeded for instances/);
    says(await create({ flavorRef: '5', min_count: 3, max_count: 3 }), 403, /cores/);
    assert.deepEqual((await demo.get(`${COMPUTE}/limits`)).body.limits.absolute.totalInstancesUsed, 0);
  });

  test('where no host fits, the server says so, and the admin sees which filter refused how many', async () => {
    const huge = (await admin.post(`${COMPUTE}/flavors`, { flavor: { name: 'huge', ram: 900_000, vcpus: 1, disk: 1 } })).body.flavor.id;
    await admin.put(`${COMPUTE}/os-quota-sets/${(await admin.get('/identity/v3/projects?name=demo')).body.projects[0].id}`, { quota_set: { ram: -1 } });
    const id = (await create({ flavorRef: huge, name: 'nowhere' })).body.server.id;
    const shown = await waitForServer(demo, id, 'ERROR');
    assert.equal(shown.fault.message, 'No valid host was found. There are not enough hosts available.');
    const actions = (await admin.get(`${COMPUTE}/servers/${id}/os-instance-actions`)).body.instanceActions;
    const action = await admin.get(`${COMPUTE}/servers/${id}/os-instance-actions/${actions[0].request_id}`, { 'OpenStack-API-Version': 'compute 2.90' });
    assert.match(JSON.stringify(action.body), /Filter|room|RAM|memory/i);
    await demo.delete(`${COMPUTE}/servers/${id}`);
    await eventually(async () => assert.equal((await demo.get(`${COMPUTE}/servers/${id}`)).status, 404));
  });

  test('a server that is still being built can be deleted, and nothing stays', async () => {
    const id = (await create({ name: 'short-lived' })).body.server.id;
    assert.equal((await demo.delete(`${COMPUTE}/servers/${id}`)).status, 204);
    await eventually(async () => assert.equal((await demo.get(`${COMPUTE}/servers/${id}`)).status, 404));
    await eventually(async () => {
      const { ports } = (await demo.get(`/network/v2.0/ports?device_id=${id}`)).body;
      assert.deepEqual(ports, []);
      assert.equal((await demo.get(`${COMPUTE}/limits`)).body.limits.absolute.totalInstancesUsed, 0);
    });
  });

  test('the same request sent twice makes two servers; a port in use is refused', async () => {
    const port = (await demo.post('/network/v2.0/ports', { port: { network_id: network } })).body.port.id;
    const first = await bootServer(demo, { name: 'with-port', image, flavor: tiny, networks: [{ port }] });
    says(await create({ networks: [{ port }] }), 409, /in use/);
    const [a, b] = await Promise.all([create({ name: 'twin' }), create({ name: 'twin' })]);
    assert.notEqual(a.body.server.id, b.body.server.id);
    for (const id of [first, a.body.server.id, b.body.server.id]) {
      await waitForServer(demo, id, 'ACTIVE');
      await demo.delete(`${COMPUTE}/servers/${id}`);
    }
    await eventually(async () => assert.equal((await demo.get(`${COMPUTE}/servers`)).body.servers.length, 0));
    assert.equal((await demo.get(`/network/v2.0/ports/${port}`)).body.port.device_id, '', 'the user\'s own port stays, free again');
  });

  test('another project sees none of it', async () => {
    const id = await bootServer(demo, { name: 'mine', image, flavor: tiny, networks: [{ uuid: network }] });
    const made = await admin.post('/identity/v3/projects', { project: { name: 'other' } });
    const user = await admin.post('/identity/v3/users', { user: { name: 'eve', password: 'correct horse', default_project_id: made.body.project.id } });
    const role = (await admin.get('/identity/v3/roles?name=member')).body.roles[0].id;
    assert.equal((await admin.put(`/identity/v3/projects/${made.body.project.id}/users/${user.body.user.id}/roles/${role}`)).status, 204);
    const eve = new Api(cloud.endpoint);
    assert.equal((await eve.login('eve', 'correct horse', 'other')).status, 201);
    says(await eve.get(`${COMPUTE}/servers/${id}`), 404, /./);
    says(await eve.delete(`${COMPUTE}/servers/${id}`), 404, /./);
    says(await eve.get(`${COMPUTE}/servers?all_tenants=1`), 403, /./);
    says(await eve.get(`/image/v2/images/${image}`), 404, /./);
    assert.deepEqual((await eve.get(`/network/v2.0/ports?device_id=${id}`)).body.ports, []);
    says(await eve.get('/identity/v3/users'), 403, /./);
    await demo.delete(`${COMPUTE}/servers/${id}`);
  });
});
