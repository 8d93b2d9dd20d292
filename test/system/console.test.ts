import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { apiAs, type Api } from '../support/api.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually } from '../support/eventually.ts';
import { activeImage, bootServer } from '../support/servers.ts';

const COMPUTE = '/compute/v2.1';
const version = { 'OpenStack-API-Version': 'compute 2.90' };

let cloud: TestCloud;
let demo: Api;
let server: string;
before(async () => {
  cloud = await testCloud(undefined, { hypervisors: 2 });
  demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
  const network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
  server = await bootServer(demo, { name: 'watched', image: await activeImage(demo, 'small'), flavor: '1', networks: [{ uuid: network }] });
});
after(() => cloud?.stop());

test('the console log of a server is to be read as soon as it is up, and grows with it', async () => {
  const log = async (length?: number) => (await demo.post(`${COMPUTE}/servers/${server}/action`, { 'os-getConsoleOutput': { length } })).body.output as string;
  await eventually(async () => assert.match(await log(), /fake driver[^]*watched/));
  await demo.post(`${COMPUTE}/servers/${server}/action`, { reboot: { type: 'HARD' } });
  await eventually(async () => assert.match(await log(1), /was reset/));
});

test('a console address opens the console once, in a page that says what it is', async () => {
  const answer = await demo.post(`${COMPUTE}/servers/${server}/remote-consoles`, { remote_console: { protocol: 'vnc', type: 'novnc' } }, version);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const url = new URL(answer.body.remote_console.url);
  const page = await fetch(url);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /fake driver/);

  const open = () => new Promise<string | number>((done, failed) => {
    const socket = new WebSocket(new URL(url.searchParams.get('path')!, url), ['binary']);
    socket.on('message', (data) => (done(String(data)), socket.close())).on('unexpected-response', (_, response) => done(response.statusCode!)).on('error', failed);
  });
  assert.match(String(await open()), /watched/);
  assert.equal(await open(), 401);
});
