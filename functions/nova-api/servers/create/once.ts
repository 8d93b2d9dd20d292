import { createHash } from 'node:crypto';
import { badRequest, HttpError, serviceUnavailable } from '../../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../../shared/http/route.ts';
import type { Instance } from '../../../../shared/objects/instance.ts';
import { ConditionFailed } from '../../../../shared/store/errors.ts';
import type { Key } from '../../../../shared/store/table.ts';
import { factsOf, log } from '../../../../shared/telemetry/log.ts';
import { nova } from '../../store.ts';
import { instanceOf } from '../find.ts';
import { newUuid, withRest } from '../uuid.ts';

/** A request that its client may repeat: what it asked for, and what it was told. */
interface Attempt extends Key {
  fingerprint: string;
  /** Of its first instance; the others' follow from it. Its time, when this was first asked for, becomes their created_at. */
  uuid: string;
  /** Who works on it; a function that died is taken over from when its time is up. Epoch milliseconds. */
  worker: string;
  until: number;
  answer?: Reply;
  fault?: { status: number; message: string };
  expires_at: number;
}

/** An answer is kept for longer than any queue keeps a message (14 days), its dead-letter queue included. */
const KEEP_SECONDS = 30 * 86_400;
/** As long as the function may run. */
const LEASE_MS = 30_000;

/** Makes the launch's instances under these ids; `answerFor` answers for one that is there already. */
export interface Launch {
  start: (uuids: (index: number) => string) => Promise<Reply>;
  answerFor: (first: Instance) => Reply;
}

/**
 * With an `Idempotency-Key` header (the IETF's draft of that name), a launch that is asked for again, by the same user in the same
 * project, starts nothing: it gets the first one's answer, also a refusal, and also where the first one's function died between
 * starting and answering. The admin password is in the first answer only. 400 where the key came with another body.
 */
export async function once(request: Request, { start, answerFor }: Launch): Promise<Reply> {
  const idempotencyKey = request.header('idempotency-key');
  if (idempotencyKey === undefined) return start(newUuid);
  if (!/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) throw badRequest('Invalid Idempotency-Key: it is 1 to 255 printable ASCII characters.');
  const { attempt, taken } = await take(request, idempotencyKey);
  if (attempt.answer) return attempt.answer;
  if (attempt.fault) throw new HttpError(attempt.fault.status, attempt.fault.message);
  try {
    const made = taken && (await instanceOf(request.context.project_id!, attempt.uuid, { deleted: true }));
    const reply = made ? answerFor(made) : await start((index) => derived(attempt.uuid, index));
    await settle(attempt, { answer: withoutPassword(reply) });
    return reply;
  } catch (error) {
    const final = error instanceof HttpError && error.status < 500 && error.status !== 429;
    await settle(attempt, final ? { fault: { status: error.status, message: error.message } } : { until: 0 });
    throw error;
  }
}

/** The attempt, which is now this function's; or one that has its answer. 503 while somebody else works on it. */
async function take({ context, body, requestId }: Request, idempotencyKey: string): Promise<{ attempt: Attempt; taken: boolean }> {
  const now = Date.now();
  const fresh: Attempt = {
    pk: `IDEMPOTENCY#${context.project_id}#${context.user_id}`, sk: idempotencyKey,
    fingerprint: createHash('sha256').update(JSON.stringify(body)).digest('base64'), uuid: newUuid(), worker: requestId, until: now + LEASE_MS, expires_at: Math.floor(now / 1000) + KEEP_SECONDS,
  };
  let known: Attempt;
  try {
    await nova.putNew(fresh);
    return { attempt: fresh, taken: false };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    known = (error.item ?? (await nova.get<Attempt>(fresh))) as Attempt;
  }
  if (known.fingerprint !== fresh.fingerprint) throw badRequest('Invalid Idempotency-Key: it was used for another request.');
  if (known.answer || known.fault) return { attempt: known, taken: false };
  if (known.until > now) throw busy();
  try {
    return { attempt: await nova.update<Attempt>(known, { set: { worker: requestId, until: fresh.until } }, { worker: known.worker, until: known.until }), taken: true };
  } catch (error) {
    throw error instanceof ConditionFailed ? busy() : error;
  }
}

const busy = () => serviceUnavailable('A request with this Idempotency-Key is being worked on, try again.');

/** What cannot be written now is found out again by whoever repeats the request. */
async function settle(attempt: Attempt, outcome: Partial<Attempt>): Promise<void> {
  await nova.update(attempt, { set: outcome }, { worker: attempt.worker }).catch((error: unknown) => log.warn('outcome of a repeatable request not kept', factsOf(error)));
}

function withoutPassword({ status, headers, body }: Reply): Reply {
  const { server, ...rest } = body as { server?: { adminPass?: unknown } };
  if (!server) return { ...(status && { status }), ...(headers && { headers }), body: rest };
  const { adminPass: _, ...shown } = server;
  return { ...(status && { status }), ...(headers && { headers }), body: { ...rest, server: shown } };
}

/** The n-th instance's id: the same each time. */
function derived(uuid: string, index: number): string {
  if (index === 0) return uuid;
  return withRest(uuid, createHash('sha256').update(`${uuid}/${index}`).digest('hex'));
}
