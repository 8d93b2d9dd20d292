import type { Cloud } from '../../infra/clouds.ts';
import { enginesAlone, type Played, type Recorded } from './engines-alone.ts';
import type { Row } from './report.ts';
import { spread, timed } from './statistics.ts';
import { openTarget } from './target.ts';
import { prepare } from './workload.ts';

const WARM_LAUNCHES = 5; // most of its environments have ended while others were measured
const section = 'the engines alone';

/** Launches of a cloud beside what engines alone take for one's requests; by turns, as a machine is not equally fast from minute to minute. */
export async function besideEngines(cloud: Cloud, recorded: Recorded, { turns, launches }: { turns: number; launches: number }): Promise<Row[]> {
  const workload = await prepare(await openTarget(cloud));
  const launch = async () => {
    let ids: string[] = [];
    const took = await timed(async () => {
      ids = await workload.launch();
      await workload.active(ids);
    });
    await workload.delete(ids);
    return took;
  };
  const played: Played[] = [];
  const active: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    played.push(...await enginesAlone(recorded));
    for (let i = 0; i < WARM_LAUNCHES; i++) await launch();
    for (let i = 0; i < launches; i++) active.push(await launch());
  }
  await workload.remove();
  const mean = (of: (each: Played) => number) => played.reduce((sum, each) => sum + of(each), 0) / played.length;
  const [alone, whole] = [spread(played.map(({ ms }) => ms)).p50, spread(active).p50];
  return [
    { section, label: "one launch's requests in turn, p50", value: alone, unit: 'ms' },
    { section, label: 'their number', value: mean(({ requests }) => requests), unit: '' },
    { section, label: 'of these answered otherwise', value: mean(({ otherwise }) => otherwise), unit: '' },
    { section, label: 'CPU of the DynamoDB engine', value: mean(({ dynamodbCpuMs }) => dynamodbCpuMs), unit: 'ms CPU' },
    { section, label: 'CPU of the SQS engine', value: mean(({ sqsCpuMs }) => sqsCpuMs), unit: 'ms CPU' },
    { section, label: 'POST → ACTIVE meanwhile, p50', value: whole, unit: 'ms' },
    { section, label: 'POST → ACTIVE as a ratio to it', value: whole / alone, unit: 'times' },
  ];
}
