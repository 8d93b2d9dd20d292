import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { optimistically } from '../store/mutate.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Port } from '../store/records.ts';
import { leaveHost } from '../network/host.ts';
import { find } from '../store/visible.ts';
import { announce } from './announce.ts';
import { readGrounds } from './grounds.ts';
import { marksFor } from './marks.ts';
import { transition } from './store.ts';

/** Deletes the port and all that it holds; undefined where it is not there (any more). The caller gives its quota back. */
export function removePort(id: string, check: (port: Port) => void = () => undefined, known?: Port): Promise<Port | undefined> {
  let current = known;
  return optimistically(async () => {
    const port = current ?? (await find('port', id));
    current = undefined;
    if (!port) return undefined;
    check(port);
    const { named, namedByOthers } = port.security_groups.length ? await readGrounds({ network: port.network_id, groups: port.security_groups }) : { named: new Set<string>(), namedByOthers: new Set<string>() };
    const marks = marksFor(port, undefined, named);
    if (await transition(port, undefined, marks)) throw new ConditionFailed();
    await announce(port, marks, marks, { namedByOthers }).catch((error: unknown) => log.warn('a refresh is left to the sweeper', { port: port.id, ...factsOf(error) }));
    await leaveHost(port, undefined).catch((error: unknown) => log.warn('a network is not given up', { port: id, ...factsOf(error) })); // who wants it next looks again
    return port;
  });
}
