import { CRASHED, PAUSED, RUNNING, SHUTDOWN, SUSPENDED, type PowerState } from '../../../shared/objects/instance.ts';
import type { Guest } from './guests.ts';
import { NoDomain, type Virsh } from './virsh.ts';

/** virDomainState. */
export const DOMAIN = { RUNNING: 1, BLOCKED: 2, PAUSED: 3, SHUTDOWN: 4, SHUTOFF: 5, CRASHED: 6, PMSUSPENDED: 7 } as const;
/** virDomainShutoffReason. */
const UNKNOWN = 0, BY_CRASH = 3, FAILED_TO_START = 6;

/** A domain's state and the reason for it, as libvirt counts them. */
export interface DomainState {
  state: number;
  reason: number;
  /** Its memory is on disk. */
  saved: boolean;
}

/** It has a QEMU, which devices come to and go from. */
export const isActive = (domain: DomainState | undefined): boolean =>
  domain !== undefined && ([DOMAIN.RUNNING, DOMAIN.BLOCKED, DOMAIN.PAUSED, DOMAIN.PMSUSPENDED] as number[]).includes(domain.state);

export const domainName = (uuid: string): string => `instance-${uuid}`;
const uuidOf = (name: string) => /^instance-([0-9a-f-]{36})$/.exec(name)?.[1];

/** All domains that are named as this cloud names them, whosever they are. Throws LibvirtAway. */
export async function domainStates(virsh: Virsh): Promise<Map<string, DomainState>> {
  const [stats, saved] = await Promise.all([virsh(['domstats', '--state', '--nowait']), virsh(['list', '--all', '--with-managed-save', '--name'])]);
  const withMemory = new Set(saved.split('\n').map((name) => uuidOf(name.trim())));
  const states = new Map<string, DomainState>();
  for (const part of stats.split(/^Domain: /m).slice(1)) {
    const uuid = uuidOf(/^'(.*)'$/m.exec(part)?.[1] ?? '');
    const told = toldIn(part);
    if (uuid !== undefined && told) states.set(uuid, { ...told, saved: withMemory.has(uuid) });
  }
  return states;
}

/** Of one guest: on a host with many, what all of them do is a long answer. Undefined where there is no such domain. Throws LibvirtAway. */
export async function domainState(virsh: Virsh, uuid: string): Promise<DomainState | undefined> {
  try {
    const told = toldIn(await virsh(['domstats', '--state', '--nowait', domainName(uuid)]));
    // one that runs has no memory on disk
    return told && { ...told, saved: told.state === DOMAIN.SHUTOFF && /^Managed save: +yes$/m.test(await virsh(['dominfo', domainName(uuid)])) };
  } catch (error) {
    if (error instanceof NoDomain) return undefined;
    throw error;
  }
}

function toldIn(stats: string): Omit<DomainState, 'saved'> | undefined {
  const [state, reason] = ['state', 'reason'].map((name) => Number(new RegExp(`^\\s*state\\.${name}=(\\d+)`, 'm').exec(stats)?.[1] ?? Number.NaN));
  return Number.isInteger(state) ? { state: state!, reason: reason! } : undefined;
}

/** Nova's power state of a guest whose last known is in its record: libvirt forgets with its restart why a domain ended, and does not forget it when we stop what had crashed. */
export function powerState(domain: DomainState | undefined, { power_state, stopped }: Pick<Guest, 'power_state' | 'stopped'>): PowerState {
  const state = stateIn(domain, power_state);
  return state === CRASHED && stopped ? SHUTDOWN : state;
}

function stateIn(domain: DomainState | undefined, before: PowerState): PowerState {
  switch (domain?.state) {
    case DOMAIN.RUNNING: case DOMAIN.BLOCKED: return RUNNING;
    case DOMAIN.PAUSED: return PAUSED;
    case DOMAIN.SHUTDOWN: return before; // on its way down
    case DOMAIN.SHUTOFF: {
      if (domain.saved) return SUSPENDED;
      if (domain.reason === BY_CRASH || domain.reason === FAILED_TO_START) return CRASHED;
      return domain.reason === UNKNOWN && before === CRASHED ? CRASHED : SHUTDOWN;
    }
    case DOMAIN.CRASHED: return CRASHED;
    case DOMAIN.PMSUSPENDED: return SUSPENDED;
    default: return before === CRASHED ? CRASHED : SHUTDOWN; // no domain: it was taken away behind our back, and a start makes it anew
  }
}
