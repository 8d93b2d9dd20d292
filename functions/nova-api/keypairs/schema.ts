import * as Type from '@sinclair/typebox';
import type { Versioned } from '../../../shared/http/route.ts';
import { pageParameters } from '../common/paging.ts';
import { Many, Optional, Query, Strict } from '../common/types.ts';

const name = (characters: string) => Type.String({ minLength: 1, maxLength: 255, pattern: `^(?! )[${characters}]+(?<! )$` });
const common = { name: name('_\\- a-zA-Z0-9'), public_key: Optional(Type.String()) };
const type = Optional(Type.Unsafe<'ssh' | 'x509'>({ type: 'string', enum: ['ssh', 'x509'] }));
const user_id = Optional(Type.String({ maxLength: 255 }));

export interface CreateKeyPair { name: string; public_key?: string; type?: 'ssh' | 'x509'; user_id?: string }

/** 2.2 adds the type, 2.10 the user; 2.92 takes more names and makes no keys any more. */
export const createSchema: Versioned = [
  { from: 1, schema: Strict({ keypair: Strict(common) }) },
  { from: 2, schema: Strict({ keypair: Strict({ ...common, type }) }) },
  { from: 10, schema: Strict({ keypair: Strict({ ...common, type, user_id }) }) },
  { from: 92, schema: Strict({ keypair: Strict({ name: name('_\\-@. a-zA-Z0-9'), public_key: Type.String(), type, user_id }) }) },
];

const user = { user_id: Many(Type.String({ maxLength: 255 })) };
export const listSchema: Versioned = [
  { from: 1, schema: Query({}) }, { from: 10, schema: Query(user) }, { from: 35, schema: Query({ ...user, ...pageParameters }) },
  { from: 75, schema: Query({ ...user, ...pageParameters }, { strict: true }) },
];
export const oneSchema: Versioned = [{ from: 1, schema: Query({}) }, { from: 10, schema: Query(user) }, { from: 75, schema: Query(user, { strict: true }) }];
