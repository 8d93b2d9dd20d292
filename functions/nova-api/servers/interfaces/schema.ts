import * as Type from '@sinclair/typebox';
import type { Versioned } from '../../../../shared/http/route.ts';
import { IpAddress, Optional, Strict, Tag, Uuid } from '../../common/types.ts';

const v1 = { net_id: Optional(Uuid), port_id: Optional(Uuid), fixed_ips: Optional(Type.Array(Strict({ ip_address: IpAddress }), { minItems: 1, maxItems: 1 })) };
export interface Attach { net_id?: string; port_id?: string; fixed_ips?: { ip_address: string }[]; tag?: string }

/** 2.49 takes a tag. */
export const attachSchema: Versioned = [
  { from: 1, schema: Strict({ interfaceAttachment: Optional(Strict(v1)) }) },
  { from: 49, schema: Strict({ interfaceAttachment: Optional(Strict({ ...v1, tag: Optional(Tag) })) }) },
];
