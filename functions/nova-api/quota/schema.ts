import { Type } from '@sinclair/typebox';
import type { Versioned } from '../../../shared/http/route.ts';
import { Bool, Many, Optional, Query, Strict } from '../common/types.ts';
import { shownIn } from './resources.ts';

const Limit = Type.Unsafe<number | string>({ anyOf: [{ type: 'integer', minimum: -1, maximum: 0x7fffffff }, { type: 'string', pattern: '^(-1|[0-9]{1,10})$' }] });
const limits = (minor: number) => Object.fromEntries(shownIn(minor).map((name) => [name, Optional(Limit)]));

/** 2.36 takes networks' quotas away, 2.57 those of injected files. */
export const updateSetSchema: Versioned = [1, 36, 57].map((from) => ({ from, schema: Strict({ quota_set: Strict({ ...limits(from), force: Optional(Bool) }) }) }));
export const updateClassSchema: Versioned = [1, 50, 57].map((from) => ({ from, schema: Strict({ quota_class_set: Strict(limits(from === 50 ? 36 : from)) }) }));

const user = { user_id: Many(Type.String()) };
export const setQuerySchema: Versioned = [{ from: 1, schema: Query(user) }, { from: 75, schema: Query(user, { strict: true }) }];

const tenant = { tenant_id: Many(Type.String()), reserved: Many(Type.String()) };
export const limitsQuerySchema: Versioned = [{ from: 1, schema: Query(tenant) }, { from: 75, schema: Query({ tenant_id: tenant.tenant_id }, { strict: true }) }];
