import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiAs } from '../support/api.ts';
import { noBrowser, openBrowser, picture } from '../support/browser.ts';
import { testCloud } from '../support/cloud.ts';
import { activeImage, bootServer } from '../support/servers.ts';
import { clientsOf, installedClients } from '../support/clients.ts';

const refused = /refused the connection.*works once, for a minute/;

test("the address of `console url show` shows the server's console in a browser, once; after that it says so", { skip: noBrowser }, async (t) => {
  const cloud = await testCloud(t);
  const demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
  const network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
  const server = await bootServer(demo, { name: 'watched', image: await activeImage(demo, 'small'), flavor: '1', networks: [{ uuid: network }] });
  const [installed] = installedClients();
  const address = async (): Promise<string> => (installed
    ? (await clientsOf(installed, cloud.dataDir).json('console', 'url', 'show', '--novnc', server)).url
    : (await demo.post(`/compute/v2.1/servers/${server}/remote-consoles`, { remote_console: { protocol: 'vnc', type: 'novnc' } }, { 'OpenStack-API-Version': 'compute 2.90' })).body.remote_console.url);
  const browser = await openBrowser(t);

  const url = await address();
  const page = await browser.page();
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text())).on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  await page.getByText('Connected.').waitFor();
  await page.getByText('Nothing boots here, so there is no screen').waitFor();
  await page.getByRole('log').getByText(/server: watched/).waitFor();
  assert.deepEqual(complaints, [], 'the page runs under its own security policy');
  await demo.post(`/compute/v2.1/servers/${server}/action`, { reboot: { type: 'HARD' } });
  await page.getByText(/was reset/).waitFor();
  await picture(page, 'fake');

  const again = await browser.page();
  await again.goto(url);
  await again.getByText(refused).waitFor();
  assert.equal(await again.getByRole('log').innerText(), '');
});
