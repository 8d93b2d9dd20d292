import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { optimistically } from '../store/mutate.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Port } from '../store/records.ts';
import { leaveHost } from '../network/host.ts';
import { find } from '../store/visible.ts';
import { announce } from './announce.ts';
import { namedOf, type Named } from './grounds.ts';
import type { Mark } from '../refresh/mark.ts';
import { marksFor, unnamedOf } from './marks.ts';
import { transition } from './store.ts';

/** Deletes the port and all that it holds; undefined where it is not there (any more). The caller gives its quota back. */
export function removePort(id: string, check: (port: Port) => void = () => undefined, known?: Port): Promise<Port | undefined> {
  let current = known;
  return optimistically(async () => {
    const port = current ?? (await find('port', id));
    current = undefined;
    if (!port) return undefined;
    check(port);
    const before = await namedOf(port, port.security_groups);
    const marks = marksFor(port, undefined, before.named);
    if (await transition(port, undefined, marks)) throw new ConditionFailed();
    await gone(port, marks, before).catch((error: unknown) => log.warn('a refresh is left to the sweeper', { port: port.id, ...factsOf(error) }));
    await leaveHost(port, undefined).catch((error: unknown) => log.warn('a network is not given up', { port: id, ...factsOf(error) })); // who wants it next looks again
    return port;
  });
}

async function gone(port: Port, written: Mark[], before: Named): Promise<void> {
  const since = await namedOf(port, unnamedOf(port, undefined, before.named));
  await announce(port, written, [...written, ...marksFor(port, undefined, since.named)], { namedByOthers: new Set([...before.namedByOthers, ...since.namedByOthers]) });
}
