import { setTimeout as sleep } from 'node:timers/promises';
import { functions } from '../../infra/functions.ts';
import { average, mean, ofCall, ofLaunches, onCountingCloud, warmUp, type Asked, type CountingCloud, type Stretch } from './counting.ts';
import type { Recorded } from './engines-alone.ts';
import { addCopies } from './servers.ts';
import { openTape } from './tape.ts';

export interface PerLaunch extends Asked {
  /** Requests by name, invocations by function. */
  by_name: Record<string, number>;
}

/** What is not a launch: API calls by name, a minute of the sweeper, a host's heartbeat where that was waited for. */
export interface Besides { per_call: Record<string, Asked>; per_sweep: Asked; per_heartbeat?: Asked }

const HOSTS = 10;
const WARM = 25; // launches, twice
const BEAT_MS = 21_000; // within which each host beats

export interface CountOptions {
  launches?: number;
  /** Servers of the project when lists are counted. */
  servers?: number;
  heartbeats?: boolean;
}
export interface Counted {
  perLaunch: PerLaunch;
  besides: Besides;
  recorded: Recorded;
}

/** Starts a cloud with ten hosts and counts on it, warm, one thing after the other. */
export function count({ launches = 10, servers = 100, heartbeats = true }: CountOptions = {}): Promise<Counted> {
  const tape = openTape();
  return onCountingCloud(HOSTS, async (counting) => {
    const { cloud, target, workload, during, quiet } = counting;
    await warmUp(counting, WARM);
    const stretches = await ofLaunches(counting, launches);
    tape.close();
    await quiet();
    const per_sweep = await ofSweeps(counting);
    const [kept] = await workload.launch();
    await workload.active([kept!]);
    await (await addCopies(cloud, target, kept!))(servers - 1);
    const per_call: Record<string, Asked> = {};
    for (const path of ['/servers/{id}', '/servers', '/servers/detail', '/flavors']) per_call[`GET ${path}`] = await ofCall(counting, () => target.request('compute', 'GET', path.replace('{id}', kept!)));
    // The hosts of this machine beat together; one of its own sends by itself and wakes a function.
    const per_heartbeat = heartbeats && { ...average([await during(() => sleep(BEAT_MS))], HOSTS), sqs_requests: 1, invocations: 1 };
    return {
      perLaunch: perLaunch(stretches), besides: { per_call, per_sweep, ...(per_heartbeat && { per_heartbeat }) },
      recorded: { passed: tape.passed, launches: stretches.map(({ passed }) => passed) },
    };
  }, tape);
}

function perLaunch(total: Stretch[]): PerLaunch {
  const names = new Set(total.flatMap(({ requests, invocations }) => [...Object.keys(requests), ...Object.keys(invocations).map((name) => `invoke ${name}`)]));
  const by_name = Object.fromEntries([...names].sort().map((name) => [name, mean(total, ({ requests, invocations }) => (name.startsWith('invoke ') ? invocations[name.slice(7)] : requests[name]) ?? 0)]));
  return { ...average(total), by_name };
}

/** Once all that sweep, with nothing to do; the second time, as the first finds what tests left. */
async function ofSweeps({ cloud, during }: CountingCloud): Promise<Asked> {
  const swept = functions.filter((each) => each.swept);
  const sweep = async () => { for (const { name } of swept) await cloud.invoke(name, {}); };
  await sweep();
  return average([await during(sweep)]);
}
