import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { generateKeyPairSync } from 'node:crypto';
import { importPKCS8, SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { CONSOLE_AUDIENCE, consolePageUrl } from '../../../shared/agent/console.ts';
import { eventually } from '../../support/eventually.ts';
import { command, consoleKeys, spawnArgs, startAgentRig, type AgentRig } from './agent-rig.ts';

let rig: AgentRig;
let uuid: string;
before(async () => {
  rig = await startAgentRig(2);
  await rig.start();
  uuid = randomUUID();
  await rig.do(command('spawn', spawnArgs(uuid)));
});
after(() => rig.stop());

interface Wish { sub?: string; aud?: string; jti?: string | null; seconds?: number; key?: string }
async function token({ sub = uuid, aud = CONSOLE_AUDIENCE, jti = randomUUID(), seconds = 60, key = consoleKeys.privateKey }: Wish = {}) {
  const jwt = new SignJWT({ protocol: 'vnc' }).setProtectedHeader({ alg: 'EdDSA' }).setSubject(sub).setAudience(aud).setExpirationTime(Math.floor(Date.now() / 1000) + seconds);
  if (jti !== null) jwt.setJti(jti);
  return jwt.sign(await importPKCS8(key, 'EdDSA'));
}

/** Opens the console; what it shows, or the HTTP status that refuses it. */
async function open(jwt: string, prefix = '') {
  const socket = new WebSocket(`ws://127.0.0.1:${rig.consolePort}${prefix}/?token=${jwt}`, ['binary']);
  let text = '';
  socket.on('message', (data) => { text += String(data); });
  const status = await new Promise<number>((done, failed) => {
    socket.on('open', () => done(101)).on('unexpected-response', (_, response) => done(response.statusCode!)).on('error', failed);
  });
  return { socket, status, text: () => text };
}

test('the console shows the log so far and then what is added, and ends with the server', async () => {
  const server = randomUUID();
  await rig.do(command('spawn', spawnArgs(server)));
  const { socket, status, text } = await open(await token({ sub: server }), '/compute-1');
  assert.equal(status, 101);
  assert.equal(socket.protocol, 'binary');
  await eventually(async () => assert.match(text(), /nothing boots here/));
  await rig.do(command('reboot', { instance_uuid: server, type: 'HARD' }));
  await eventually(async () => assert.match(text(), /nothing boots here[^]*was reset/));
  const closed = new Promise((done) => socket.on('close', (_, reason) => done(String(reason))));
  await rig.do(command('destroy', { instance_uuid: server }));
  assert.match(String(await closed), /deleted/);
});

test('a console address works once, also across a restart of the agent', async () => {
  const jwt = await token();
  assert.equal((await open(jwt)).status, 101);
  assert.equal((await open(jwt)).status, 401);
  await rig.kill();
  await rig.start();
  assert.equal((await open(jwt)).status, 401);
  const together = await token();
  const statuses = await Promise.all([open(together), open(together), open(together)]);
  assert.deepEqual(statuses.map(({ status }) => status).sort(), [101, 401, 401]);
});

test('nobody gets at a console with an address that is old, forged, endless or for something else', async () => {
  const foreign = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await token()).split('.')[1]}.`;
  for (const [what, jwt, status] of [
    ['expired', await token({ seconds: -1 }), 401], ['forged', await token({ key: foreign.privateKey }), 401], ['too long', await token({ seconds: 600 }), 401],
    ['another audience', await token({ aud: 'something' }), 401], ['no jti', await token({ jti: null }), 401], ['unsigned', unsigned, 401],
    ['another server', await token({ sub: randomUUID() }), 403], ['no token', 'nonsense', 403], ['nothing', '', 401],
  ] as const) {
    assert.equal((await open(jwt)).status, status, what);
  }
  assert.equal((await open(await token(), '/compute-2')).status, 403, 'the server is on another host');
});

test('the page loads as often as one likes, says what it is, and loads nothing from elsewhere', async () => {
  const jwt = await token();
  for (const prefix of ['', '/compute-1']) {
    const answer = await fetch(consolePageUrl(`http://127.0.0.1:${rig.consolePort}${prefix}`, jwt));
    assert.equal(answer.status, 200);
    const page = await answer.text();
    assert.match(page, /fake driver/);
    assert.match(page, /<html lang="en">/);
    assert.doesNotMatch(page, /https?:\/\//);
    assert.match(answer.headers.get('content-security-policy')!, /default-src 'none'/);
  }
  assert.equal((await open(jwt)).status, 101, 'the page did not use the token up');
});

test('what is no console is 404 or refused, never a crash', async () => {
  const get = async (path: string, method = 'GET') => (await fetch(`http://127.0.0.1:${rig.consolePort}${path}`, { method })).status;
  assert.equal(await get('/'), 404);
  assert.equal(await get('/nobody/vnc_lite.html'), 404);
  assert.equal(await get('/../../etc/passwd'), 404);
  assert.equal(await get('//%ff'), 404);
  assert.equal(await get('/vnc_lite.html', 'POST'), 405);
  assert.equal(await get('/vnc_lite.html?path=%3Ftoken%3D...'), 200);
});
