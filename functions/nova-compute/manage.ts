import { createPublicKey, randomUUID } from 'node:crypto';
import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { explain, validator } from '../../shared/http/validate.ts';
import { cast } from '../../shared/rpc/send.ts';
import { cinderVolume } from '../../shared/rpc/topics/cinder-volume.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { serviceContext } from '../../shared/identity/service-context.ts';
import { ENROLMENTS, enrolmentKey, type Enrolment } from './host/enrolment.ts';
import { journal } from './journal.ts';

const Host = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$' });
/** What an operator asks, as the payload of an invocation. */
const Request = Type.Union([
  Type.Object({
    command: Type.Literal('enrol'),
    host: Host,
    instanceId: Type.String({ pattern: '^m?i-[0-9a-z-]{1,64}$' }), // SSM's name of the machine
    publicKey: Type.String(), // PEM, Ed25519
    consoleUrl: Type.String({ pattern: '^https?://' }), // where clients reach the host's console listener
  }),
  Type.Object({ command: Type.Literal('list') }),
  Type.Object({ command: Type.Literal('retire'), host: Host }),
]);

/**
 * Enrols a host (again with the same: nothing changes; with another key: the old one is void), names all, or retires one: nothing is given
 * to it any more, and nothing that it says is heard. Throws where the request makes no sense.
 */
export async function handler(event: unknown): Promise<unknown> {
  const check = validator(Request);
  if (!check(event)) throw new Error(`not a request: ${explain(check.errors!)}`);
  const request = event as Static<typeof Request>;
  if (request.command === 'enrol') return enrol(request);
  if (request.command === 'retire') return retire(request.host);
  return { hosts: (await journal.query<Enrolment>({ pk: ENROLMENTS, index: 'gsi1' })).map(shown) };
}

async function enrol({ host, instanceId, publicKey, consoleUrl }: Extract<Static<typeof Request>, { command: 'enrol' }>): Promise<unknown> {
  if (createPublicKey(publicKey).asymmetricKeyType !== 'ed25519') throw new Error('publicKey is not an Ed25519 key');
  const enrolment = await journal.update<Enrolment>(enrolmentKey(host), {
    set: { host, managed_instance_id: instanceId, public_key: publicKey, console_url: consoleUrl.replace(/\/+$/, ''), gsi1pk: ENROLMENTS, gsi1sk: host },
    setIfAbsent: { enrolled_at: new Date().toISOString(), id: randomUUID() },
  });
  const { managed_instance_id, public_key, console_url } = enrolment;
  await cast(novaConductor.methods.host_enrolled, { host, managed_instance_id, public_key, console_url }, { context: serviceContext('operator') });
  return { host: shown(enrolment) };
}

/** Of a host that nobody enrolled it is told as well that its volumes' room is gone: a retirement may have got only half-way. */
async function retire(host: string): Promise<unknown> {
  const enrolment = await journal.remove<Enrolment>(enrolmentKey(host));
  await cast(cinderVolume.methods.update_service_capabilities, { host, total_gb: 0, free_gb: 0, reported_at: new Date().toISOString() }, { context: serviceContext('operator') });
  return { host: enrolment ? shown(enrolment) : null };
}

const shown = ({ host, managed_instance_id, public_key, console_url, enrolled_at }: Enrolment) => ({ host, instanceId: managed_instance_id, publicKey: public_key, consoleUrl: console_url, enrolledAt: enrolled_at });
