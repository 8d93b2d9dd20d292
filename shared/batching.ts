import { setTimeout as sleep } from 'node:timers/promises';

/** How long a batch waits for the one that is under way; one that hangs holds nobody up. */
const PATIENCE_MS = 1000;

/**
 * For what AWS takes many of in one request. The first is sent at once; those that come while it is under way go together, as many as `fit`.
 * `send` gives what became of each, in their order, and an Error is thrown to whoever asked for that one; what it throws itself, to all of them.
 */
export function batched<I, O = void>({ send, fit }: { send: (items: I[]) => Promise<(O | Error)[]>; fit: (items: I[]) => boolean }): (item: I) => Promise<O> {
  let gathering: { items: I[]; outcomes: Promise<(O | Error)[]> } | undefined;
  let underWay: Promise<unknown> | undefined;

  function gather(): NonNullable<typeof gathering> {
    const items: I[] = [];
    const turn = underWay ? Promise.race([underWay, sleep(PATIENCE_MS, undefined, { ref: false })]) : Promise.resolve();
    const outcomes = turn.then(() => {
      if (gathering === group) gathering = undefined;
      return send(items);
    });
    const over: Promise<void> = outcomes.then(() => {}, () => {}).then(() => {
      if (underWay === over) underWay = undefined;
    });
    underWay = over;
    const group = { items, outcomes };
    return group;
  }

  return async (item) => {
    if (!gathering || !fit([...gathering.items, item])) gathering = gather();
    const place = gathering.items.push(item) - 1;
    const outcome = (await gathering.outcomes)[place];
    if (outcome instanceof Error) throw outcome;
    return outcome as O;
  };
}

/** What one request to SQS or EventBridge takes: ten items, and 256 KB of them with some room. `text` gives an item's largest part. */
export const tenInOneRequest = <I>(text: (item: I) => string) => (items: I[]): boolean =>
  items.length <= 10 && items.reduce((sum, item) => sum + Buffer.byteLength(text(item)), 0) <= 240_000;
