import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { caller, deliver, startRig, token, type Rig } from './rig.ts';

let rig: Rig;
let glance: ReturnType<typeof caller>;
let importer: Parameters<typeof deliver>[0];
const bytes = randomBytes(40 * 1024 * 1024); // more than two parts
const asked: string[] = [];
const web = createServer((request, response) => {
  asked.push(request.url!);
  if (request.url === '/disk.raw') return void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  if (request.url === '/moved') return void response.writeHead(302, { location: '/disk.raw' }).end();
  if (request.url === '/inside') return void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
  if (request.url === '/round') return void response.writeHead(302, { location: '/round' }).end();
  if (request.url === '/half') return void response.writeHead(200, { 'content-length': 1000 }).write('half', () => response.destroy());
  if (request.url === '/busy') return void response.writeHead(503).end();
  response.writeHead(404).end();
});
let origin: string;
before(async () => {
  rig = await startRig();
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  origin = `127.0.0.1:${(web.address() as { port: number }).port}`;
  process.env['IMPORT_ALLOWED_HOSTS'] = `mirror.example:8080, ${origin}`;
  glance = caller((await import('../../functions/glance-api/http.ts')).handler);
  importer = (await import('../../functions/glance-api/rpc.ts')).handler;
});
after(async () => {
  web.closeAllConnections();
  web.close();
  await rig.stop();
});

const mine = token('mine');
const show = async (id: string) => (await glance('GET', `/image/v2/images/${id}`, { token: mine })).body;
async function create(disk_format = 'raw'): Promise<string> {
  return (await glance('POST', '/image/v2/images', { token: mine, body: { name: 'i', disk_format, container_format: 'bare' } })).body.id;
}
const ask = (id: string, uri: string, name = 'web-download') => glance('POST', `/image/v2/images/${id}/import`, { token: mine, body: { method: { name, uri } } });
/** Asks for an import and takes its message. */
async function order(path: string, disk_format?: string) {
  const id = await create(disk_format);
  const answer = await ask(id, `http://${origin}${path}`);
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.equal((await show(id)).status, 'importing');
  const [message] = await rig.take('glance-api');
  return { id, message: message! };
}

test('an image comes from the web, with its hashes, once even where the message comes twice', async () => {
  const { id, message } = await order('/moved');
  asked.length = 0;
  await Promise.all([deliver(importer, [message]), deliver(importer, [message])]);
  await deliver(importer, [message]);
  assert.deepEqual(asked, ['/moved', '/disk.raw']);
  const shown = await show(id);
  assert.deepEqual([shown.status, shown.size, shown.checksum, shown.os_hash_value], ['active', bytes.length, createHash('md5').update(bytes).digest('hex'), createHash('sha512').update(bytes).digest('hex')]);
  const { bucket, key } = (await glance('GET', `/image/v2/novaless/downloads/${id}`, { token: mine })).body;
  const stored = Buffer.from(await (await fetch(`${rig.engines.s3.endpoint}/${bucket}/${key}`)).arrayBuffer());
  assert.ok(stored.equals(bytes));
});

test('addresses inside of the cloud are refused, by name, literally, and behind a redirect', async () => {
  const id = await create();
  for (const uri of [
    'http://127.0.0.1/x', 'http://localhost:1/x', 'http://169.254.169.254/latest', 'http://10.0.0.1/', 'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://2130706433/', 'http://0x7f.1/',
    'file:///etc/passwd', 'ftp://example.org/x', 'http://example.org:22/', 'nonsense', 'http://[fd00::1]/', 'http://[64:ff9b::7f00:1]/',
  ]) {
    const answer = await ask(id, uri);
    assert.equal(answer.status, 400, uri);
    assert.match(answer.body.message, /does not pass filtering/);
  }
  assert.equal((await show(id)).status, 'queued');
  const { id: redirected, message } = await order('/inside');
  await deliver(importer, [message]);
  const shown = await show(redirected);
  assert.equal(shown.status, 'queued');
  assert.match(shown.os_glance_import_message, /169\.254\.169\.254/);
  // a name that resolves to this machine
  const named = await create();
  assert.equal((await ask(named, 'http://localhost/x')).status, 202);
  await deliver(importer, await rig.take('glance-api'));
  assert.match((await show(named)).os_glance_import_message, /no public address/);
});

test('an import that cannot succeed says why, and the image can be imported again', async () => {
  for (const [path, said, format] of [['/nothing', /404/, 'raw'], ['/round', /redirects/, 'raw'], ['/disk.raw', /qcow2/, 'qcow2']] as const) {
    const { id, message } = await order(path, format);
    assert.deepEqual(await deliver(importer, [message]), { batchItemFailures: [] });
    const shown = await show(id);
    assert.equal(shown.status, 'queued');
    assert.equal(shown.os_glance_failed_import, 's3');
    assert.match(shown.os_glance_import_message, said);
    assert.equal((await ask(id, `http://${origin}/disk.raw`)).status, 202);
    assert.equal((await show(id)).os_glance_failed_import, undefined);
    await rig.take('glance-api');
  }
});

test('what may pass is tried again; after the last time the image is queued', async () => {
  for (const path of ['/half', '/busy']) {
    const { id, message } = await order(path);
    assert.equal((await deliver(importer, [message], 1)).batchItemFailures.length, 1);
    assert.equal((await show(id)).status, 'importing');
    await deliver(importer, [message], 4);
    assert.equal((await show(id)).status, 'queued');
    assert.equal((await show(id)).os_glance_failed_import, 's3');
  }
});

test('an image that is deleted while it is fetched stays deleted, and leaves no bytes', async () => {
  const { id, message } = await order('/disk.raw');
  assert.equal((await glance('DELETE', `/image/v2/images/${id}`, { token: mine })).status, 204);
  await deliver(importer, [message]);
  assert.equal((await show(id)).code, '404 Not Found');
  const listing = await (await fetch(`${rig.engines.s3.endpoint}/images?list-type=2&prefix=${id}`)).text();
  assert.ok(!listing.includes('<Key>'), listing);
});

test('other methods and active images are refused', async () => {
  const id = await create();
  assert.equal((await ask(id, `http://${origin}/x`, 'glance-direct')).status, 400);
  assert.equal((await ask(id, `http://${origin}/x`, 'copy-image')).status, 400);
  await glance('PUT', `/image/v2/images/${id}/file`, { token: mine, body: Buffer.from('x') });
  assert.equal((await ask(id, `http://${origin}/x`)).status, 409);
});
