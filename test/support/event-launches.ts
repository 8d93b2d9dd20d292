import assert from 'node:assert/strict';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Api } from './api.ts';
import { eventually } from './eventually.ts';

const COMPUTE = '/compute/v2.1';

/** Launches and deletions by events, as an owner of the account asks for them by the AWS SDK, and what a user of the cloud then sees. */
export function eventLaunches(api: Api, aws: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } }) {
  const events = new EventBridgeClient(aws);
  const secrets = new SecretsManagerClient(aws);
  /** Servers by a pattern of their names. Throws where the cloud does not answer just now. */
  const named = async (pattern: string): Promise<any[]> => {
    const { status, body } = await api.get(`${COMPUTE}/servers/detail?name=${encodeURIComponent(pattern)}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.servers;
  };

  return {
    named,
    /** A new application credential of the user. */
    async credential(name: string, roles: string[]): Promise<{ id: string; secret: string }> {
      const { body: { token } } = await api.get('/identity/v3/auth/tokens', { 'X-Subject-Token': api.token });
      const made = await api.post(`/identity/v3/users/${token.user.id}/application_credentials`, { application_credential: { name, roles: roles.map((role) => ({ name: role })) } });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return made.body.application_credential;
    },
    /** Makes it known to events as `credential: NAME`. */
    keep: (name: string, value: object) => secrets.send(new CreateSecretCommand({ Name: `novaless/launch/${name}`, SecretString: JSON.stringify(value) })),
    /** The event's id. */
    async put(type: 'Server Launch Requested' | 'Server Delete Requested', detail: object): Promise<string> {
      const { Entries, FailedEntryCount } = await events.send(new PutEventsCommand({ Entries: [{ EventBusName: 'novaless', Source: 'test', DetailType: type, Detail: JSON.stringify(detail) }] }));
      assert.equal(FailedEntryCount, 0);
      return Entries![0]!.EventId!;
    },
    launched: (pattern: string, seconds = 60): Promise<any> => eventually(async () => {
      const [found] = await named(pattern);
      assert.ok(found, `there is no server ${pattern}`);
      return found;
    }, seconds),
    gone: (id: string) => eventually(async () => assert.equal((await api.get(`${COMPUTE}/servers/${id}`)).status, 404), 60),
  };
}

export type EventLaunches = ReturnType<typeof eventLaunches>;
