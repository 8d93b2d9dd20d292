import { absentOr, atMost, absent } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Key, Write } from '../../../shared/store/table.ts';
import type { Membership } from '../security-group/membership.ts';
import { db } from '../store/db.ts';

/**
 * Refreshes of one group take turns, so that a thousand changes of a large group are a few refreshes and no storm. `size`: what
 * telling its members cost the last time, in write units.
 */
interface Turn { last_at: number; size: number; deferred_until?: number }

/** Between two refreshes: soon for rules, which people wait for; by what it costs for members that come and go. */
const SOON_MS = 500;
const MS_A_UNIT = 20;
const AT_MOST_MS = 60_000;
const pause = (size: number, urgent: boolean) => (urgent ? SOON_MS : Math.min(AT_MOST_MS, Math.max(SOON_MS, size * MS_A_UNIT)));

const BYTES_A_UNIT = 1024, BYTES_AN_ADDRESS = 5;
/** A command for each host, which is written and taken away again by transactions: four times its size, which is compressed. */
export const unitsOf = ({ addresses, hosts }: Membership): number => 4 * hosts.length * Math.max(1, Math.ceil((addresses.length * BYTES_AN_ADDRESS) / BYTES_A_UNIT));

const turnKey = (subject: string): Key => ({ pk: `refresh-turn#${subject}`, sk: 'turn' });
const remembered = () => Math.floor(Date.now() / 1000) + 86_400;

/** 'now', seconds until it is this one's turn, or 'another' where somebody comes back for it already. */
export async function takeTurn(subject: string, urgent: boolean): Promise<'now' | 'another' | { seconds: number }> {
  const there = await db.get<Turn & Key>(turnKey(subject));
  const now = Date.now();
  const at = there ? there.last_at + pause(there.size, urgent) : 0;
  try {
    if (at <= now) {
      await db.update(turnKey(subject), { set: { last_at: now, size: there?.size ?? 0, expires_at: remembered() } }, there ? { last_at: there.last_at } : { pk: absent() });
      return 'now';
    }
    await db.update(turnKey(subject), { set: { deferred_until: at } }, [{ deferred_until: absentOr(0) }, { deferred_until: atMost(now) }]);
    return { seconds: Math.ceil((at - now) / 1000) };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // who took this turn may have read the marks before ours was there: once more, after the pause
    if (at <= now) return { seconds: 1 };
    return urgent ? { seconds: 1 } : 'another';
  }
}

/** Until members that come or go are told again (ms). */
export const pauseFor = (told: Membership): number => pause(unitsOf(told), false);

/** Written when hosts were told of members, at the cost of so many write units. */
export const turnTaken = (subject: string, size: number): Write => ({ update: turnKey(subject), change: { set: { size, expires_at: remembered() } } });
