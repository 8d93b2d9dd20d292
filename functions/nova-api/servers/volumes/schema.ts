import * as Type from '@sinclair/typebox';
import type { Versioned } from '../../../../shared/http/route.ts';
import { pageParameters } from '../../common/paging.ts';
import { Bool, IntegerFrom, Many, Optional, Query, Strict, Tag, Uuid } from '../../common/types.ts';

const device = Type.Unsafe<string | null>({ type: ['string', 'null'], pattern: '(^/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$' });
const v1 = { volumeId: Uuid, device: Optional(device) };
const v49 = { ...v1, tag: Optional(Tag) };
const v79 = { ...v49, delete_on_termination: Optional(Bool) };

export interface Attach { volumeId: string; device?: string | null; tag?: string; delete_on_termination?: boolean | string }
export interface Update extends Attach { serverId?: string; id?: string }

export const attachSchema: Versioned = [v1, v49, v79].map((properties, i) => ({ from: [1, 49, 79][i]!, schema: Strict({ volumeAttachment: Strict(properties) }) }));
/** Before 2.85 it could only put another volume in the place of one, which is for the block storage service alone. */
export const updateSchema: Versioned = [
  { from: 1, schema: Strict({ volumeAttachment: Strict({ volumeId: Uuid }) }) },
  { from: 85, schema: Strict({ volumeAttachment: Strict({ ...v79, serverId: Optional(Uuid), id: Optional(Uuid) }) }) },
];
const page = { limit: pageParameters.limit, offset: Many(IntegerFrom(0)) };
export const listSchema: Versioned = [{ from: 1, schema: Query(page) }, { from: 75, schema: Query(page, { strict: true }) }];
