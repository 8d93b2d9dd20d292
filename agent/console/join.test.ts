import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { joinSocket } from './join.ts';

/** A guest's VNC server that does what the test says, and a browser joined with it. */
async function joined(t: TestContext, guest: (socket: Socket) => void, target?: { host: string; port: number }) {
  const server: Server = createServer(guest).listen(0, '127.0.0.1');
  const doors = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await Promise.all([once(server, 'listening'), once(doors, 'listening')]);
  doors.on('connection', (websocket) => joinSocket(websocket, target ?? { host: '127.0.0.1', port: (server.address() as { port: number }).port }));
  const browser = new WebSocket(`ws://127.0.0.1:${(doors.address() as { port: number }).port}`);
  t.after(() => {
    browser.terminate();
    doors.close();
    server.close();
  });
  return browser;
}

const MEGABYTE = Buffer.alloc(1024 * 1024, 'v');

test('all that a guest draws before it ends reaches the browser, and then the reason', async (t) => {
  const browser = await joined(t, (socket) => {
    for (let count = 0; count < 8; count++) socket.write(MEGABYTE);
    socket.end('the end');
  });
  const got: Buffer[] = [];
  browser.on('message', (data: Buffer, binary) => (assert.ok(binary), got.push(data)));
  const [code, reason] = await once(browser, 'close');
  assert.equal(code, 1000);
  assert.match(String(reason), /closed its console/);
  const all = Buffer.concat(got);
  assert.equal(all.length, 8 * MEGABYTE.length + 7);
  assert.equal(all.subarray(-7).toString(), 'the end');
});

test("a browser that doesn't read holds the guest's drawing up instead of filling the host's memory", async (t) => {
  let taken = 0;
  const browser = await joined(t, (socket) => {
    socket.on('error', () => {});
    const draw = () => { while (taken < 200 && socket.write(MEGABYTE)) taken++; if (taken < 200) { taken++; socket.once('drain', draw); } else socket.end(); };
    draw();
  });
  await once(browser, 'open');
  browser.pause();
  let before = -1;
  while (before !== taken) {
    before = taken;
    await sleep(300);
  }
  assert.ok(taken < 100, `${taken} MB were taken though nobody reads`);
  let bytes = 0;
  browser.on('message', (data: Buffer) => { bytes += data.length; });
  browser.resume();
  await once(browser, 'close');
  assert.equal(bytes, 200 * MEGABYTE.length);
});

test('what is typed reaches the guest whole, and the guest is let go of when the browser closes', async (t) => {
  const typed = Promise.withResolvers<Buffer>();
  const browser = await joined(t, (socket) => {
    const got: Buffer[] = [];
    socket.on('data', (chunk) => got.push(chunk)).on('end', () => typed.resolve(Buffer.concat(got)));
  });
  await once(browser, 'open');
  for (let count = 0; count < 100; count++) browser.send(Buffer.from(`key ${count};`));
  browser.close();
  assert.equal((await typed.promise).toString().split(';').length, 101);
});

test('a guest without a console closes the page with words, and nothing crashes', async (t) => {
  const browser = await joined(t, () => {}, { host: '127.0.0.1', port: 1 });
  const [code, reason] = await once(browser, 'close');
  assert.equal(code, 1011);
  assert.match(String(reason), /no console now/);
});
