import { AsyncLocalStorage } from 'node:async_hooks';
import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { compressed, decompressed } from '../compression.ts';

/**
 * The record of a launch's 28 steps (docs: the flow). The actor that does a step records it when it does it; the records
 * ride on answers, messages and writes that happen anyway. Stored under the step's number, so a repeated message changes nothing.
 */
export const Step = Type.Object({
  step: Type.Integer({ minimum: 1, maximum: 28 }),
  actor: Type.String(), // OpenStack's name of the service
  start: Type.String(), // ISO 8601, milliseconds
  end: Type.String(),
  result: Type.String(), // Success | Error | cached
  request_id: Type.String(),
  cached_from: Type.Optional(Type.String()), // the validation whose answer was used again
  detail: Type.Optional(Type.String()),
});
export type Step = Static<typeof Step>;

const recorder = new AsyncLocalStorage<Step[]>();

/** Runs `work` with a record of its own, beginning with what came along. */
export const recording = <T>(steps: Step[], work: () => T): T => recorder.run([...steps], work);

/** What has been recorded here so far; [] outside of `recording`. */
export const recordedSteps = (): Step[] => recorder.getStore() ?? [];

/** Those recorded so far, for a write that keeps them: no later message needs to carry them. */
export const takeSteps = (): Step[] => recorder.getStore()?.splice(0) ?? [];

export function record(...steps: Step[]): void {
  recorder.getStore()?.push(...steps);
}

/** Does a step and records it, whether it succeeds or not. */
export async function step<T>(number: number, actor: string, requestId: string, work: () => Promise<T>): Promise<T> {
  const start = new Date().toISOString();
  const end = (result: string) => record({ step: number, actor, start, end: new Date().toISOString(), result, request_id: requestId });
  try {
    const value = await work();
    end('Success');
    return value;
  } catch (error) {
    end('Error');
    throw error;
  }
}

/** Records a step that takes no time of its own, such as taking a message off a queue. */
export function stepDone(number: number, actor: string, requestId: string, more: Partial<Step> = {}): void {
  const now = new Date().toISOString();
  record({ step: number, actor, start: now, end: now, result: 'Success', request_id: requestId, ...more });
}

/**
 * A step as a record keeps it: JSON of [step, actor, start in ms since 1970, ms that it took, result, request id, cached_from, detail] without what is
 * null at its end. A write is paid for by the kilobyte, and the 28 steps of a launch are most of its record; the request id is left out where it is the record's own.
 */
export type PackedStep = string;

export function packStep({ step, actor, start, end, result, request_id, cached_from, detail }: Step, own: string): PackedStep {
  const began = Date.parse(start);
  const values = [step, actor, began, Date.parse(end) - began, result, request_id === own ? undefined : request_id, cached_from, detail];
  return JSON.stringify(values.slice(0, values.findLastIndex((value) => value !== undefined) + 1));
}

export function unpackStep(packed: PackedStep | Step, own: string): Step {
  if (typeof packed !== 'string') return packed; // records that were written before steps were packed
  const [step, actor, began, took, result, request_id, cached_from, detail] = JSON.parse(packed) as [number, string, number, number, string, (string | null)?, (string | null)?, (string | null)?];
  const time = (ms: number) => new Date(ms).toISOString();
  return { step, actor, start: time(began), end: time(began + took), result, request_id: request_id ?? own, ...(cached_from && { cached_from }), ...(detail && { detail }) };
}

/** As the record of this request keeps them: what one actor writes down at a time is one map entry of bytes, named by the steps it begins and ends with. */
export function packSteps(steps: Step[], own: string): Record<string, Uint8Array> {
  if (steps.length === 0) return {};
  const numbers = steps.map((s) => s.step);
  return { [`s${Math.min(...numbers)}_${Math.max(...numbers)}`]: compressed(steps.map((s) => packStep(s, own))) };
}

/** The same as attributes of a DynamoDB update: `steps.s11_28 = …`. */
export const stepAttributes = (steps: Step[], own: string): Record<string, Uint8Array> => Object.fromEntries(Object.entries(packSteps(steps, own)).map(([name, packed]) => [`steps.${name}`, packed]));

/** In the order of their numbers; of a step that was recorded more than once, how it went last. */
export function unpackSteps(entries: (Uint8Array | PackedStep | Step)[], own: string): Step[] {
  const packed = entries.flatMap((entry) => (entry instanceof Uint8Array ? (decompressed(entry) as PackedStep[]) : entry)); // one by one in records that were written before
  const last = new Map<number, Step>();
  for (const each of packed.map((one) => unpackStep(one, own))) {
    const known = last.get(each.step);
    if (!known || known.start <= each.start) last.set(each.step, each);
  }
  return [...last.values()].sort((a, b) => a.step - b.step);
}

/** The header in which a callee returns the steps that it did, to a caller that asked by sending it. */
export const STEPS_HEADER = 'x-novaless-steps';
export const encodeSteps = (steps: Step[]) => JSON.stringify(steps);
export function decodeSteps(header: string | null | undefined): Step[] {
  try {
    return header ? (JSON.parse(header) as Step[]) : [];
  } catch {
    return [];
  }
}
