import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { validate } from '../../shared/http/validate.ts';
import { bootstrap, Bootstrap } from './bootstrap/bootstrap.ts';
import { hashSecret, newSecret } from './password.ts';
import { changeEntity } from './records/changes.ts';
import { findByName } from './records/names.ts';
import { serviceUsers } from './token/service-tokens.ts';

/** A new secret with which an operator can log in as a service user; shown this once. */
const ServicePassword = Type.Object({ command: Type.Literal('service-password'), user: Type.Union(serviceUsers.map((user) => Type.Literal(user))) });

async function servicePassword({ user }: Static<typeof ServicePassword>) {
  const known = await findByName('user', 'default', user as string);
  if (!known) throw new Error(`there is no user ${user as string}: bootstrap makes it`);
  const password = newSecret();
  await changeEntity('user', known.data.id, () => ({ password: hashSecret(password) }));
  return { user, password };
}

const commands = { bootstrap: [Bootstrap, bootstrap], 'service-password': [ServicePassword, servicePassword] } as const;

/** What an operator asks by invoking the function: `{"command": …}`. Throws on bad input, naming the field. */
export async function handler(event: { command?: string }): Promise<unknown> {
  const known = commands[event.command as keyof typeof commands];
  if (!known) throw new Error(`command must be one of ${Object.keys(commands).join(', ')}`);
  const [schema, run] = known;
  validate(schema, event);
  return run(event as never);
}
