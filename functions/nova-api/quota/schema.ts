import * as Type from '@sinclair/typebox';
import type { Versioned } from '../../../shared/http/route.ts';
import { Bool, Many, Optional, Query, Strict } from '../common/types.ts';
import { classResources, shownIn } from './resources.ts';

const Limit = Type.Unsafe<number | string>({ anyOf: [{ type: 'integer', minimum: -1, maximum: 0x7fffffff }, { type: 'string', pattern: '^(-1|[0-9]{1,10})$' }] });
const limits = (names: string[]) => Object.fromEntries(names.map((name) => [name, Optional(Limit)]));

/** 2.36 takes networks' quotas away, 2.57 those of injected files. */
export const updateSetSchema: Versioned = [1, 36, 57].map((from) => ({ from, schema: Strict({ quota_set: Strict({ ...limits(shownIn(from)), force: Optional(Bool) }) }) }));
export const updateClassSchema: Versioned = [1, 50, 57].map((from) => ({ from, schema: Strict({ quota_class_set: Strict(limits(classResources(from))) }) }));

const user = { user_id: Many(Type.String({ maxLength: 255 })) };
export const setQuerySchema: Versioned = [{ from: 1, schema: Query(user) }, { from: 75, schema: Query(user, { strict: true }) }];

/** `reserved` is an old word that clients still send; what a request takes is in use at once, so it changes nothing. */
const limitsQuery = { tenant_id: Many(Type.String({ maxLength: 255 })), reserved: Many(Type.String()) };
export const limitsQuerySchema: Versioned = [{ from: 1, schema: Query(limitsQuery) }, { from: 75, schema: Query(limitsQuery, { strict: true }) }];
