import { type Instance, SERVER_SHARDS, SERVERS } from '../../../shared/objects/instance.ts';
import { newest } from '../../../shared/store/newest.ts';
import type { Selection } from '../../../shared/store/table.ts';
import { MAX_LIMIT } from '../common/paging.ts';
import type { Order } from '../common/sort.ts';
import { nova } from '../store.ts';
import { FIRST_SERVER, knownOf, LAST_SERVER, type Part } from './of-project.ts';
import { beginning, madeAt } from './uuid.ts';

/** Parameters that filter nothing out of what a page is made of. */
const plain = ['limit', 'marker', 'sort_key', 'sort_dir', 'all_tenants', 'project_id', 'tenant_id', 'deleted'];
/** Servers may share their second, by which lists go, with those behind them: some more are read at once than again. */
const MORE = 10;

/**
 * What a list's page is cut out of, where that can be read without the rest: the newest servers, or those from its marker's second on. Of a project it is a
 * consistent read, of all projects (null) by the index; in no order. Undefined where all servers have to be read: where others are wanted first, a filter may
 * leave few, the page takes all that there are, or servers are there whose ids don't tell when they were made.
 */
export async function pageOf(project: string | null, query: URLSearchParams, order: Order, part: Part): Promise<Instance[] | undefined> {
  const [first] = order;
  if (first?.key !== 'created_at' || !first.descending || [...query.keys()].some((name) => !plain.includes(name))) return undefined;
  const limit = Number(query.get('limit') ?? MAX_LIMIT);
  if (project !== null && limit >= MAX_LIMIT && !((knownOf(project)?.servers ?? 0) > MAX_LIMIT)) return undefined;
  const marker = query.get('marker');
  const from = marker ? secondOf(marker) : undefined;
  if (marker && !from) return undefined;

  const told = ({ uuid }: Instance) => project === null || madeAt(uuid) !== undefined; // the index lies in order, whatever the ids
  // of the marker's second, some come before it; of those that don't tell, others lie outside
  const counts = (server: Instance) => !from || (told(server) && Date.parse(server.created_at) < from.getTime());
  const wanted = Math.min(Math.max(limit, 1), MAX_LIMIT);
  const selections = project === null ? everybodys(from) : [projects(project, from)];
  const found = await newest(selections.map((selection) => nova.walk<Instance>({ ...selection, ...part, descending: true }, Math.ceil((wanted + MORE) / selections.length) + 2)), {
    wanted,
    rank: (server) => (told(server) ? server.created_at : undefined),
    counts,
  });
  const mayMiss = project !== null && from && found.filter(counts).length < wanted && (knownOf(project)?.untold ?? true);
  return mayMiss ? undefined : found;
}

const secondOf = (uuid: string): Date | undefined => {
  const made = madeAt(uuid);
  return made && new Date(Math.floor(made.getTime() / 1000) * 1000);
};
const after = (second: Date) => new Date(second.getTime() + 1000);

/** Ids begin with the time of their making, but for those of earlier code, which may lie anywhere. */
const projects = (project: string, from: Date | undefined): Selection => ({ pk: `PROJECT#${project}`, between: [FIRST_SERVER, from ? FIRST_SERVER + beginning(after(from)) : LAST_SERVER] });

const everybodys = (from: Date | undefined): Selection[] =>
  SERVER_SHARDS.map((shard) => ({ index: 'gsi1', pk: SERVERS + shard, ...(from && { between: ['', after(from).toISOString()] as [string, string] }) }));
