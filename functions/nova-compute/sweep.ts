import { randomInt } from 'node:crypto';
import { sideBySide } from '../../shared/side-by-side.ts';
import { partitionsToSweep } from '../../shared/store/due-shards.ts';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { recording } from '../../shared/telemetry/steps.ts';
import { withTrace } from '../../shared/telemetry/trace.ts';
import { inFlight, journal, type Build, type Pending, type Termination } from './journal.ts';
import { lookAfter } from './look-after.ts';

/** So much is done in one round; the rest is there in the next one. */
const AT_MOST = 400;
const AT_ONCE = 10;
const ROUND_MS = 45_000;

/** Once a minute: whatever is past its time is rung for again, driven on, or undone. One that fails does not hold up the others. */
export async function handler(): Promise<void> {
  const until = Date.now() + ROUND_MS;
  const overdue = shuffled(await journal.due<Pending | Build | Termination>(partitionsToSweep([inFlight]), AT_MOST));
  await sideBySide(overdue, AT_ONCE, async (record) => {
    if (Date.now() < until) await tryTo(record);
  });
}

async function tryTo(record: Pending | Build | Termination): Promise<void> {
  try {
    await withTrace(undefined, () => recording([], () => lookAfter(record)));
  } catch (error) {
    log.error('sweeping failed', { pk: record.pk, sk: record.sk, ...factsOf(error) });
  }
}

/** So that what fails again and again never stands before all the rest. */
function shuffled<T>(items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
