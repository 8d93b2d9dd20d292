import type { PowerState } from '../../../shared/objects/instance.ts';
import { CRASHED, PAUSED, RUNNING, SHUTDOWN, SUSPENDED } from './guests.ts';
import type { Virsh } from './virsh.ts';

/** A domain's state as libvirt counts it (virDomainState and its reasons). */
export interface DomainState { state: number; reason: number; saved: boolean }

export const domainName = (uuid: string): string => `instance-${uuid}`;
const uuidOf = (name: string) => /^instance-([0-9a-f-]{36})$/.exec(name)?.[1];

/** All domains that are named as this cloud names them, whosever they are. Throws LibvirtAway. */
export async function domainStates(virsh: Virsh): Promise<Map<string, DomainState>> {
  const [stats, saved] = await Promise.all([virsh(['domstats', '--state', '--nowait']), virsh(['list', '--all', '--with-managed-save', '--name'])]);
  const withMemory = new Set(saved.split('\n').map((name) => uuidOf(name.trim())));
  const states = new Map<string, DomainState>();
  for (const part of stats.split(/^Domain: /m).slice(1)) {
    const uuid = uuidOf(/^'(.*)'$/m.exec(part)?.[1] ?? '');
    const [state, reason] = ['state', 'reason'].map((name) => Number(new RegExp(`^\\s*state\\.${name}=(\\d+)`, 'm').exec(part)?.[1] ?? Number.NaN));
    if (uuid !== undefined && Number.isInteger(state)) states.set(uuid, { state: state!, reason: reason!, saved: withMemory.has(uuid) });
  }
  return states;
}

/** Nova's power state; `before` is the last that was known, as libvirt forgets with its restart why a domain ended, and does not forget it when we stop what had crashed. */
export function powerState(domain: DomainState | undefined, before: PowerState, stopped = false): PowerState {
  const state = stateIn(domain, before);
  return state === CRASHED && stopped ? SHUTDOWN : state;
}

function stateIn(domain: DomainState | undefined, before: PowerState): PowerState {
  switch (domain?.state) {
    case 1: case 2: return RUNNING;
    case 3: return PAUSED;
    case 4: return before; // on its way down
    case 5: {
      if (domain.saved) return SUSPENDED;
      if (domain.reason === 3 || domain.reason === 6) return CRASHED; // crashed; failed to start
      return domain.reason === 0 && before === CRASHED ? CRASHED : SHUTDOWN;
    }
    case 6: return CRASHED;
    case 7: return SUSPENDED;
    default: return before === CRASHED ? CRASHED : SHUTDOWN; // no domain: it was taken away behind our back, and a start makes it anew
  }
}
