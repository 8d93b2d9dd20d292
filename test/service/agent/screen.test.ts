import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { importPKCS8, SignJWT } from 'jose';
import { CONSOLE_AUDIENCE, consolePageUrl } from '../../../shared/agent/console.ts';
import { bundleForHost } from '../../../infra/agent-bundle.ts';
import { drawn, noBrowser, openBrowser, picture } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import * as sources from './console-parts.ts';

const noQemu = spawnSync('qemu-system-x86_64', ['--version']).status === 0 ? false : 'needs QEMU: apt install qemu-system-x86';
const keys = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
const instance = randomUUID();

async function address(port: number, seconds = 60): Promise<string> {
  const jwt = new SignJWT({ protocol: 'vnc' }).setProtectedHeader({ alg: 'EdDSA' }).setSubject(instance).setAudience(CONSOLE_AUDIENCE).setJti(randomUUID()).setExpirationTime(Math.floor(Date.now() / 1000) + seconds);
  return consolePageUrl(`http://127.0.0.1:${port}`, await jwt.sign(await importPKCS8(keys.privateKey, 'EdDSA')));
}

/** A machine without a disk, whose firmware draws on its screen, and the listener of its console. */
async function machineWithScreen(t: TestContext, folder: string, { serveConsoles, joinSocket, novncPage }: typeof sources) {
  const path = join(folder, 'vnc');
  const qemu = spawn('qemu-system-x86_64', ['-name', 'instance-probe', '-m', '64', '-vnc', `unix:${path}`, '-net', 'none', '-monitor', 'none', '-serial', 'none'], { stdio: 'ignore' });
  t.after(async () => {
    const ended = new Promise((done) => (qemu.exitCode === null && qemu.signalCode === null ? qemu.once('exit', done) : done(0)));
    qemu.kill('SIGKILL');
    await ended;
  });
  await eventually(async () => assert.ok(existsSync(path)));
  const used = new Set<string>();
  const listener = await serveConsoles([{
    host: 'compute-1', prefix: '', page: novncPage, keyOf: (uuid) => (uuid === instance ? keys.publicKey : undefined),
    useToken: async (jti) => !used.has(jti) && Boolean(used.add(jti)), join: (_, socket) => joinSocket(socket, { path }),
  }], { address: '127.0.0.1', port: 0 });
  t.after(() => listener.stop());
  return { port: listener.port, qemu };
}

test("a guest's screen is drawn in a browser, keys reach the guest, and a guest that ends says so", { skip: noBrowser || noQemu }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-screen-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await bundleForHost(join(import.meta.dirname, 'console-parts.ts'), join(folder, 'parts.mjs'));
  for (const [from, parts] of [['the sources', sources], ['the bundle', (await import(join(folder, 'parts.mjs'))) as typeof sources]] as const) {
    await t.test(`by an agent that runs from ${from}`, (t) => seesScreen(t, join(folder, from), parts));
  }
});

async function seesScreen(t: TestContext, folder: string, parts: typeof sources) {
  mkdirSync(folder);
  const { port, qemu } = await machineWithScreen(t, folder, parts);
  const browser = await openBrowser(t);
  const page = await browser.page();
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text())).on('pageerror', (error) => complaints.push(error.message));
  const url = await address(port);
  await page.goto(url);
  await page.getByText('Connected to QEMU (instance-probe).').waitFor();
  const text = await eventually(async () => {
    const screen = await drawn(page);
    assert.ok(screen && screen.width === 720 && screen.light > 1000, `the firmware's text is on the screen: ${JSON.stringify(screen)}`);
    return screen;
  }, 30);
  await picture(page, 'screen-firmware');
  assert.deepEqual(complaints, [], 'the page runs under its own security policy');

  // The firmware ended with "no bootable device"; a reset by the keyboard clears the screen and draws anew.
  await page.getByRole('button', { name: 'Send Ctrl+Alt+Del' }).click();
  await eventually(async () => assert.notEqual((await drawn(page))?.light, text.light), 30);

  const again = await browser.page();
  await again.goto(url);
  await again.getByText(/refused the connection.*works once, for a minute/).waitFor();
  await picture(again, 'screen-used');
  const old = await browser.page();
  await old.goto(await address(port, -1));
  await old.getByText(/refused the connection.*works once, for a minute/).waitFor();

  qemu.kill('SIGKILL');
  await page.getByText(/^Disconnected\..*ask for a new address/).waitFor();
  await picture(page, 'screen-ended');
}
