import { optimistically } from '../store/mutate.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Port } from '../store/records.ts';
import { find } from '../store/visible.ts';
import { transition } from './store.ts';

/** Deletes the port and all that it holds; undefined where it is not there (any more). The caller gives its quota back. */
export function removePort(id: string, check: (port: Port) => void = () => undefined, known?: Port): Promise<Port | undefined> {
  let current = known;
  return optimistically(async () => {
    const port = current ?? (await find('port', id));
    current = undefined;
    if (!port) return undefined;
    check(port);
    if (await transition(port, undefined)) throw new ConditionFailed();
    return port;
  });
}
