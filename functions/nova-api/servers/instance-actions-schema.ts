import * as Type from '@sinclair/typebox';
import type { Versioned } from '../../../shared/http/route.ts';
import { pageParameters } from '../common/paging.ts';
import { Query } from '../common/types.ts';

const v58 = { ...pageParameters, 'changes-since': Type.String() };
/** 2.58 brings pages and changes-since, 2.66 changes-before. */
export const actionListSchema: Versioned = [
  { from: 1, schema: Query({}) }, { from: 58, schema: Query(v58, { strict: true }) }, { from: 66, schema: Query({ ...v58, 'changes-before': Type.String() }, { strict: true }) },
];
