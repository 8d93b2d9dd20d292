import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { AgentConfig } from '../../shared/agent/config.ts';
import { answerOf, hostScript } from './host-script.ts';

const config = (managedInstanceId: string): AgentConfig => ({
  region: 'eu-central-1', journalTable: 't', reportsQueue: 'https://sqs/r', heartbeatsQueue: 'https://sqs/h', consolesBucket: 'c', ringSocket: '/run/novaless/ring', console: { address: '127.0.0.1', port: 6080 },
  hosts: [{ host: 'compute-1', managedInstanceId, driver: 'libvirt', privateKeyFile: '/etc/novaless/key.pem', stateDir: '/var/lib/novaless/agent', consoleUrl: "https://x.example.org/it's$HOME`id`" }],
});
const own = hostScript({ host: 'compute-1', region: 'eu-central-1', activation: { id: 'an-id', code: 'a-code' }, config });
const ec2 = hostScript({ host: 'compute-1', region: 'eu-central-1', config });

for (const [kind, script] of Object.entries({ own, ec2 })) {
  test(`what an operator runs on a machine is a shell's script from its first to its last line (${kind})`, () => {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: script });
    assert.equal(status, 0, stderr.toString());
    assert.doesNotMatch(script, /PRIVATE|undefined/);
  });

  test(`the configuration comes to the host as it is, whatever it says (${kind})`, () => {
    const heredoc = /^sed .*<< 'END_OF_CONFIGURATION'\n[^]*?\nEND_OF_CONFIGURATION$/m.exec(script)![0].replace('> /etc/novaless/agent.json.new ', '');
    const { stdout } = spawnSync('sh', [], { input: `instance=mi-0123456789abcdef0\n${heredoc}\n` });
    assert.deepEqual(JSON.parse(stdout.toString()), config('mi-0123456789abcdef0'));
  });
}

test('a machine of one\'s own registers with the activation that was made for it, an EC2 instance with none', () => {
  assert.match(own, /-register -activation-code 'a-code' -activation-id 'an-id' -region 'eu-central-1'/);
  assert.doesNotMatch(ec2, /-register/);
});

test("the key in a machine's answer is the one that it made, and what is no answer is refused", () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  for (const instanceId of ['mi-0123456789abcdef0', 'i-0123456789abcdef0']) {
    const answer = answerOf(`something that a login prints\n${instanceId} ${key}\n`);
    assert.equal(answer.instanceId, instanceId);
    assert.ok(createPublicKey(answer.publicKey).equals(publicKey));
  }
  for (const wrong of ['', 'mi-0123456789abcdef0', `mi-1 ${key}`, `mi-0123456789abcdef0 ${key.slice(4)}`, `${key} mi-0123456789abcdef0`]) assert.throws(() => answerOf(wrong), /last line/);
});
