import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clientsNeeded } from '../openstack-clients.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { clientsOf, installedClients, runProgram } from '../support/clients.ts';

const found = installedClients();

describe('application credentials with the clients people have', { skip: found.length < 2 && clientsNeeded }, () => {
  let cloud: TestCloud;
  before(async () => { cloud = await testCloud(undefined, { hypervisors: 0 }); });
  after(() => cloud?.stop());

  for (const [index, installed] of found.entries()) {
    test(`${installed.label}: made, listed, shown, used and deleted`, async () => {
      const c = clientsOf(installed, cloud.dataDir);
      const name = `robot-${index}`;
      const made = await c.json('application', 'credential', 'create', name, '--role', 'reader', '--expiration', '2099-01-31T12:00:00', '--description', 'reads');
      const id = made.id ?? made.ID;
      const secret = made.secret ?? made.Secret;
      assert.ok(id && secret, JSON.stringify(made));
      assert.match(JSON.stringify(made), /2099-01-31T12:00:00/);
      assert.ok((await c.json('application', 'credential', 'list')).some((each: { Name: string }) => each.Name === name));
      const shown = await c.json('application', 'credential', 'show', name);
      assert.equal(JSON.stringify(shown).includes(secret), false);
      assert.match(JSON.stringify(shown), /reader/);

      const robot = (...words: string[]) => runProgram(installed.openstack, words, {
        OS_AUTH_TYPE: 'v3applicationcredential', OS_AUTH_URL: `${cloud.endpoint}/identity/v3`, OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret, OS_REGION_NAME: 'RegionOne', PYTHONWARNINGS: 'ignore',
      });
      const listed = await robot('server', 'list', '-f', 'json');
      assert.deepEqual([listed.code, JSON.parse(listed.out || 'null')], [0, []], listed.err);
      const token = await robot('token', 'issue', '-f', 'json');
      assert.equal(token.code, 0, token.err);
      const refused = await robot('network', 'create', 'mine');
      assert.notEqual(refused.code, 0);
      assert.match(refused.err, /403|disallowed by policy|not authorized/i);
      const child = await robot('application', 'credential', 'create', 'child');
      assert.match(child.err, /not allowed for managing additional|403/);

      assert.match(await c.refusal('application', 'credential', 'create', 'ruled', '--access-rules', '[{"path": "/v2.1/servers", "method": "GET", "service": "compute"}]'), /access_rules/);
      await c.openstack('application', 'credential', 'create', `${name}-own`, '--secret', 'chosen by me', '--unrestricted');
      for (const each of [name, `${name}-own`]) await c.openstack('application', 'credential', 'delete', each);
      assert.match((await robot('server', 'list')).err, /401/);
    });
  }
});
