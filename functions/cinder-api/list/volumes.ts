import { badRequest, forbidden } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import type { Volume } from '../volume/record.ts';
import { getVolume, volumesIn } from '../volume/store.ts';
import { listed } from './listed.ts';
import { isTrue } from './page.ts';

type Test = (volume: Volume) => boolean;

const notFilters = new Set(['limit', 'marker', 'offset', 'sort', 'sort_key', 'sort_dir', 'all_tenants', 'with_count', 'project_id']);
const sortKeys: Record<string, keyof Volume> = {
  id: 'id', status: 'status', size: 'size', availability_zone: 'availability_zone', created_at: 'created_at', updated_at: 'updated_at', name: 'name', display_name: 'name',
  bootable: 'bootable', host: 'host', project_id: 'project_id', user_id: 'user_id',
};

/** The volumes that the request's filters leave, in its order; where a page of them is enough, as many as it needs. */
export async function listedVolumes(request: Request, enough: 'page' | 'all'): Promise<Volume[]> {
  const tests = [...request.query].filter(([name]) => !notFilters.has(name)).map(([name, value]) => test(request, name, value));
  return listed<Volume>(request, { selections: volumesIn, get: getVolume, sortKeys }, tests, enough);
}

function test({ version: { minor }, context }: Request, name: string, value: string): Test {
  // 3.34: `name~` finds what contains the value
  const like = name.endsWith('~');
  if (like && minor < 34) throw badRequest(`Invalid filters ${name} are found in query options.`);
  const text = (read: (volume: Volume) => string | null): Test => (like ? (v) => read(v)?.includes(value) ?? false : (v) => read(v) === value);
  switch (like ? name.slice(0, -1) : name) {
    case 'name': case 'display_name': return text((v) => v.name);
    case 'description': case 'display_description': return text((v) => v.description);
    case 'status': return text((v) => v.status);
    case 'availability_zone': return text((v) => v.availability_zone);
    case 'user_id': return text((v) => v.user_id);
    case 'id': return text((v) => v.id);
    case 'volume_type_id': return text((v) => v.volume_type_id);
    case 'source_volid': return text((v) => v.source_volid);
    case 'size': return (v) => v.size === Number(value);
    case 'bootable': return (v) => v.bootable === isTrue(value);
    case 'multiattach': case 'encrypted': return () => !isTrue(value);
    case 'snapshot_id': return text((v) => v.snapshot_id ?? null);
    case 'group_id': case 'consistencygroup_id': return () => false;
    case 'consumes_quota': return () => isTrue(value);
    case 'metadata': return pairs(value, (v) => v.metadata);
    case 'glance_metadata': return pairs(value, (v) => v.image_metadata ?? {});
    case 'host':
      if (!isAdmin(context)) throw forbidden('Only an administrator may filter volumes by host.');
      return text((v) => v.host);
    case 'created_at': case 'updated_at':
      if (minor < 60) return () => true;
      return times(name as 'created_at', value);
    default: throw badRequest(`Invalid filters ${name} are found in query options.`);
  }
}

/** A dictionary as the Python clients write one: `{'key': 'value'}`. */
function pairs(value: string, read: (volume: Volume) => Record<string, string>): Test {
  let wanted: unknown;
  try {
    wanted = JSON.parse(value.replaceAll(/u?'/g, '"'));
  } catch {
    throw badRequest(`Invalid filter value ${value}: it must be a dictionary such as {'key': 'value'}.`);
  }
  if (wanted === null || typeof wanted !== 'object') throw badRequest(`Invalid filter value ${value}: it must be a dictionary.`);
  const entries = Object.entries(wanted as Record<string, unknown>).map(([key, expected]) => [key, typeof expected === 'object' ? JSON.stringify(expected) : String(expected)] as const);
  return (volume) => entries.every(([key, expected]) => read(volume)[key] === expected);
}

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b, neq: (a, b) => a !== b, gt: (a, b) => a > b, gte: (a, b) => a >= b, lt: (a, b) => a < b, lte: (a, b) => a <= b,
};

/** 3.60: `gt:2026-01-31T00:00:00Z,lt:…`. */
function times(field: 'created_at' | 'updated_at', value: string): Test {
  const bounds = value.split(',').map((part) => {
    const [, operator = '', moment = ''] = /^([a-z]+):(.*)$/.exec(part) ?? [];
    const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
    if (!compare) throw badRequest(`Invalid ${operator || part} operator`);
    const bound = Date.parse(/[zZ]$|[+-]\d\d:?\d\d$/.test(moment) || !moment.includes('T') ? moment : `${moment}Z`);
    if (Number.isNaN(bound)) throw badRequest(`Invalid ${moment} value`);
    return (volume: Volume) => compare(Date.parse(volume[field]), bound);
  });
  return (volume) => bounds.every((each) => each(volume));
}
