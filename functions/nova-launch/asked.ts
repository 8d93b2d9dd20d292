import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { createHash } from 'node:crypto';
import { badRequest } from '../../shared/http/errors.ts';
import { validate } from '../../shared/http/validate.ts';
import { fill, type Values } from './values.ts';

/**
 * What lies in the queue: an event as EventBridge delivers it, or what a rule or a schedule of an owner's made of one. `launch`
 * names the owner's rule, because two rules may make two servers of one event.
 */
const Message = Type.Object({
  id: Type.String({ minLength: 1 }),
  'detail-type': Type.String(),
  launch: Type.Optional(Type.String()),
  detail: Type.Object({}, { additionalProperties: true }),
});

const Credential = Type.String({ pattern: '^[A-Za-z0-9_+=.@-]{1,128}$' });
const Given = Type.Optional(Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), { additionalProperties: false }));
const Launch = Type.Object({
  credential: Credential,
  server: Type.Object({}, { additionalProperties: true }), // nova-api judges it
  'os:scheduler_hints': Type.Optional(Type.Object({}, { additionalProperties: true })),
  /** User data as text, where `server` has none in base64. */
  user_data: Type.Optional(Type.String()),
  values: Given,
  microversion: Type.Optional(Type.String({ pattern: '^2\\.\\d{1,3}$' })),
}, { additionalProperties: false });
const Delete = Type.Object({
  credential: Credential,
  server: Type.Union([
    Type.Object({ id: Type.String({ minLength: 1, maxLength: 255 }) }, { additionalProperties: false }),
    Type.Object({ name: Type.String({ minLength: 1, maxLength: 255 }) }, { additionalProperties: false }),
  ]),
  values: Given,
}, { additionalProperties: false });

/** The newest when this was written; an event may name another. */
const MICROVERSION = '2.100';

/** One event's wish. `requestId` is OpenStack's global request id for it, `key` the same at each delivery of it. */
export interface Asked {
  type: 'Server Launch' | 'Server Delete';
  id: string;
  launch: string | undefined;
  requestId: string;
  key: string;
  detail: Record<string, unknown>;
}

/** Throws where it is no event at all, or none that was ever asked for here. */
export function askedBy(body: string): Asked {
  const message: unknown = JSON.parse(body);
  validate(Message, message);
  const { id, 'detail-type': detailType, launch, detail } = message as Static<typeof Message>;
  const [, type] = /^(Server Launch|Server Delete) Requested$/.exec(detailType) ?? [];
  if (!type) throw new Error(`nobody here knows what to do with ${detailType}`);
  return { type: type as Asked['type'], id, launch, requestId: requestIdOf(id, launch), key: digest(`${launch ?? ''}\0${id}`), detail };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** An event's id is a UUID, and so can be read off the request id; a schedule's time is none. */
function requestIdOf(id: string, launch: string | undefined): string {
  if (uuid.test(id)) return `req-${id}`;
  const hex = digest(`${launch ?? ''}\0${id}`);
  return `req-${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The body of `POST /servers`, with the event's values in its texts. Throws 400 that names the field. */
export function launchOf(detail: Record<string, unknown>): { credential: string; microversion: string; body: object } {
  validate(Launch, detail);
  const { credential, server, user_data: text, values, microversion = MICROVERSION, ...rest } = detail as Static<typeof Launch>;
  const { user_data: encoded, ...fields } = server as { user_data?: unknown };
  if (text !== undefined && encoded !== undefined) throw badRequest("Invalid input for field/attribute user_data. It is given twice: as text, and in the server's own.");
  if (encoded !== undefined && typeof encoded !== 'string') throw badRequest('Invalid input for field/attribute user_data. It must be a string in base64.');
  const hints = rest['os:scheduler_hints'];
  return {
    credential, microversion,
    body: { server: { ...(fill(fields, values) as object), ...userData(text, encoded, values) }, ...(hints && { 'os:scheduler_hints': fill(hints, values) }) },
  };
}

/** Base64 stays as it came where there are no values to put into it. */
function userData(text: string | undefined, encoded: string | undefined, values: Values | undefined): { user_data?: string } {
  if (text === undefined && (encoded === undefined || !values)) return encoded === undefined ? {} : { user_data: encoded };
  const template = text ?? Buffer.from(encoded!, 'base64').toString();
  return { user_data: Buffer.from(fill(template, values) as string).toString('base64') };
}

export function deletionOf(detail: Record<string, unknown>): { credential: string; server: { id: string } | { name: string } } {
  const { values, ...rest } = detail as { values?: unknown };
  validate(Type.Object({ values: Given }), { ...(values !== undefined && { values }) });
  const filled = fill(rest, values as Values | undefined);
  validate(Delete, filled);
  return filled as Static<typeof Delete>;
}
