import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { RequestContext } from '../identity/context.ts';
import { Step } from '../telemetry/steps.ts';

/** Messages travel in this; the version says how `args` are to be read, so that an older message in flight is still understood. */
export const ENVELOPE_VERSION = 1;
/** A chain of messages that grows longer than this is going round in circles. */
export const MAX_HOPS = 64;

export const Envelope = Type.Object({
  version: Type.Literal(ENVELOPE_VERSION),
  id: Type.String(), // this message's
  correlation_id: Type.String(), // the call's that an answer belongs to; its own for a call or cast
  method: Type.String(),
  /** What the handler gets: the method's arguments, or a call's result. */
  args: Type.Unknown(),
  /** Where a call's answer goes, and what the caller wants to find with it. */
  reply_to: Type.Optional(Type.Object({ queue: Type.String(), handler: Type.String(), passback: Type.Unknown() })),
  /** On answers: the caller's passback, and the callee's error in place of args. */
  passback: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.Object({ type: Type.String(), message: Type.String() })),
  /** Past this moment (ISO 8601) nobody wants the answer any more. */
  deadline: Type.Optional(Type.String()),
  context: RequestContext,
  trace: Type.String(), // W3C traceparent
  hops: Type.Integer({ minimum: 0 }),
  /** The launch's steps done so far that no record holds yet. */
  steps: Type.Array(Step),
});
export type Envelope = Static<typeof Envelope>;
