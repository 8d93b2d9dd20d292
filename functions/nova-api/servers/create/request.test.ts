import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostnameOf } from './record.ts';
import { generatedPassword, launchRequest, zoneOf } from './request.ts';

const ask = (server: object, minor = 90, enforce = () => {}) => launchRequest({ body: { server: { name: 'vm', flavorRef: '1', ...server } } as never, version: { major: 2, minor }, enforce });

test('an administrator names zone, host and node in one word', () => {
  assert.deepEqual(zoneOf('nova'), { name: 'nova' });
  assert.deepEqual(zoneOf('nova:compute-1'), { name: 'nova', host: 'compute-1' });
  assert.deepEqual(zoneOf('nova::compute-1'), { name: 'nova', node: 'compute-1' });
  assert.deepEqual(zoneOf(':compute-1:node'), { name: null, host: 'compute-1', node: 'node' });
  assert.throws(() => zoneOf('a:b:c:d'), /Unable to parse/);
});

test('only who may, names a host', () => {
  const refuse = (policy: string) => { throw new Error(policy); };
  assert.throws(() => ask({ availability_zone: 'nova:compute-1' }, 90, refuse as never), /forced_host/);
  assert.throws(() => ask({ host: 'compute-1' }, 90, refuse as never), /requested_destination/);
  assert.throws(() => ask({ host: 'compute-1', availability_zone: 'nova:compute-1' }), /mutually exclusive/);
});

test('counts come as numbers or digits, and the least is not more than the most', () => {
  assert.deepEqual([ask({ min_count: '2' }).minCount, ask({ min_count: '2' }).maxCount, ask({ max_count: 3 }).minCount], [2, 2, 1]);
  assert.throws(() => ask({ min_count: 3, max_count: 2 }), /min_count must be <= max_count/);
  assert.throws(() => ask({ hostname: 'one', max_count: 2 }), /single hostname/);
});

test('the description is the name before 2.19, and nothing unless said from then on', () => {
  assert.equal(ask({}, 18).description, 'vm');
  assert.equal(ask({}, 19).description, null);
});

test('files are not injected: the request is refused instead of losing them', () => {
  assert.throws(() => ask({ personality: [{ path: '/x', contents: '' }] }, 1), /Personality file limit exceeded/);
});

test('a host name is what DNS takes of the name', () => {
  assert.equal(hostnameOf('Stack_Test VM.1', '', 'u'), 'stack-test-vm-1');
  assert.equal(hostnameOf('München', '-2', 'u'), 'munchen-2');
  assert.equal(hostnameOf('漢字', '', 'u'), 'server-u');
  assert.equal(hostnameOf('x'.repeat(100), '-12', 'u').length, 63);
});

test('a made password has twelve characters of every kind, and is never the same', () => {
  const passwords = Array.from({ length: 50 }, () => generatedPassword());
  for (const password of passwords) assert.match(password, /^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[a-zA-Z0-9]{12}$/);
  assert.equal(new Set(passwords).size, 50);
});
