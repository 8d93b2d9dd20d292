import { randomUUID } from 'node:crypto';
import {
  BatchGetItemCommand, DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, TransactWriteItemsCommand, UpdateItemCommand,
  type AttributeValue, type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { lean } from '../aws/lean.ts';
import { environment, type TableName } from '../deployment/declaration.ts';
import { requireEnv } from '../environment.ts';
import { sideBySide } from '../side-by-side.ts';
import { absent, Expressions, type Change, type Condition } from './condition.ts';
import { ConditionFailed, TransactionRefused } from './errors.ts';
import { kept, unpacked } from './packing.ts';
import { retrying } from './retry.ts';

export interface Key { pk: string; sk: string }
export type Item = Record<string, any>; // any: so that records declared as interfaces fit
export type Write =
  | { put: Item & Key; if?: Condition }
  | { update: Key; change: Change; if?: Condition }
  | { delete: Key; if?: Condition }
  | { check: Key; if: Condition };

export interface Selection {
  pk: string;
  index?: 'gsi1' | 'gsi2';
  /** At most one bound on the sort key: its beginning, or a range that includes both ends. */
  prefix?: string;
  between?: [string, string];
  /** Sort keys after this one only (before it, when descending). */
  after?: string;
  descending?: boolean;
  /** Items to return at most. */
  limit?: number;
  filter?: Condition;
  /** Which attributes are wanted; all, unless told: what isn't sent need not be read. */
  attributes?: string[];
}

let client: DynamoDBClient | undefined;
// nobody looks for loops by way of a database
const connection = () => (client ??= lean(DynamoDBClient, { maxAttempts: 4 }, ['recursionDetectionMiddleware']));

/**
 * As DynamoDB types them. The SDK's document client does the same in a middleware of each request, where it costs a tenth of it.
 * An object with a key `constructor`, as a user may name an item of metadata, is to the SDK one of some class; it shall be stored as any other.
 */
const typed = (attributes: Item): Record<string, AttributeValue> => marshall(attributes, { removeUndefinedValues: true, convertClassInstanceToMap: true });

/** Maps DynamoDB's two conditional errors to ours and retries what passes. */
async function sendTo<T>(which: TableName, request: () => Promise<T>): Promise<T> {
  try {
    return await retrying(request);
  } catch (error) {
    const { name, Item: item, CancellationReasons: reasons } = error as Refusal;
    if (name === 'ConditionalCheckFailedException') throw new ConditionFailed(item && unpacked(which, item));
    if (name === 'TransactionCanceledException')
      throw new TransactionRefused((reasons ?? []).map((r) => ({ conditionFailed: r.Code === 'ConditionalCheckFailed', ...(r.Item && { item: unpacked(which, r.Item) }) })));
    throw error;
  }
}

interface Refusal { name?: string; Item?: Record<string, AttributeValue>; CancellationReasons?: { Code?: string; Item?: Record<string, AttributeValue> }[] }

/** Keys that DynamoDB takes in one request, and requests that one caller makes at once: a list of a thousand is ten of them. */
const TOGETHER = 100, AT_ONCE = 5;

/**
 * One service's table. Reads are consistent (but those of an index, which DynamoDB cannot make so).
 * Throws ConditionFailed, TransactionRefused, StoreBusy.
 */
export function table(which: TableName) {
  const TableName = () => requireEnv(environment.table(which));
  const send = <T>(request: () => Promise<T>) => sendTo(which, request);
  const record = <T extends Item>(item: Record<string, AttributeValue>) => unpacked<T>(which, item);
  const records = <T extends Item>(items: Record<string, AttributeValue>[] = []) => items.map(record<T>);
  const keptChange = (change: Change): Change => (change.set ? { ...change, set: kept(which, change.set) } : change);

  async function get<T extends Item = Item>(key: Key): Promise<T | undefined> {
    if (!possible(key)) return undefined;
    const answer = await send(() => connection().send(new GetItemCommand({ TableName: TableName(), Key: pick(key), ConsistentRead: true })));
    return answer.Item && record<T>(answer.Item);
  }

  /** Up to any number of keys, 100 a request, some requests side by side; missing items are left out, the order is free. */
  async function getMany<T extends Item = Item>(keys: Key[]): Promise<T[]> {
    const unique = [...new Map(keys.filter(possible).map((k) => [`${k.pk}\0${k.sk}`, pick(k)])).values()];
    const found: T[] = [];
    const batches = Array.from({ length: Math.ceil(unique.length / TOGETHER) }, (_, i) => unique.slice(i * TOGETHER, (i + 1) * TOGETHER));
    await sideBySide(batches, AT_ONCE, async (batch) => {
      for (let open: Record<string, AttributeValue>[] = batch; open.length > 0; ) {
        const answer = await send(() => connection().send(new BatchGetItemCommand({ RequestItems: { [TableName()]: { Keys: open, ConsistentRead: true } } })));
        found.push(...records<T>(answer.Responses?.[TableName()]));
        open = answer.UnprocessedKeys?.[TableName()]?.Keys ?? [];
      }
    });
    return found;
  }

  async function put(item: Item & Key, condition?: Condition): Promise<void> {
    await send(() => connection().send(new PutItemCommand({ TableName: TableName(), Item: typed(kept(which, item)), ...conditional(condition) })));
  }

  /** Put-if-absent; ConditionFailed carries what is there. */
  const putNew = (item: Item & Key) => put(item, { pk: absent() });

  /** The item after the change. Without a condition a missing item comes into being. */
  async function update<T extends Item = Item>(key: Key, change: Change, condition?: Condition): Promise<T> {
    const answer = await send(() => connection().send(new UpdateItemCommand({ TableName: TableName(), Key: pick(key), ReturnValues: 'ALL_NEW', ...updating(keptChange(change), condition) })));
    return record<T>(answer.Attributes!);
  }

  /** As `update`, where the item after it is of no use: it is neither sent nor read. */
  async function change(key: Key, what: Change, condition?: Condition): Promise<void> {
    await send(() => connection().send(new UpdateItemCommand({ TableName: TableName(), Key: pick(key), ...updating(keptChange(what), condition) })));
  }

  /** What was deleted, or undefined where nothing was there. */
  async function remove<T extends Item = Item>(key: Key, condition?: Condition): Promise<T | undefined> {
    const answer = await send(() => connection().send(new DeleteItemCommand({ TableName: TableName(), Key: pick(key), ReturnValues: 'ALL_OLD', ...conditional(condition) })));
    return answer.Attributes && record<T>(answer.Attributes);
  }

  /**
   * The selection's items as they are asked for, a request at a time: DynamoDB looks at `size` of them, or at a megabyte. Each further request is for twice as
   * many: where it takes more than one, something is passed over, and may go on to be.
   */
  async function* walk<T extends Item = Item>(selection: Selection, size?: number): AsyncGenerator<T[], undefined> {
    if (!possible({ pk: selection.pk, sk: selection.prefix || '-' })) return;
    const request = { TableName: TableName(), ...selecting(selection) };
    let start: Record<string, AttributeValue> | undefined;
    let next = size;
    do {
      const answer = await send(() => connection().send(new QueryCommand({ ...request, ...(next && { Limit: next }), ...(start && { ExclusiveStartKey: start }) })));
      start = answer.LastEvaluatedKey;
      next &&= 2 * next;
      yield records<T>(answer.Items);
    } while (start);
  }

  /** Every item of the selection, page after page, up to its limit. */
  async function query<T extends Item = Item>(selection: Selection): Promise<T[]> {
    const { limit = Infinity } = selection;
    const items: T[] = [];
    for await (const page of walk<T>(selection)) {
      items.push(...page);
      if (items.length >= limit) break;
    }
    return items.slice(0, limit);
  }

  /**
   * Items of these partitions of `by-due` whose time has come, oldest first in each; at most `limit` of each. The index holds keys only, for
   * whatever else it held would be paid for with each write of an item in flight; what they name is read as it stands now.
   */
  async function due<T extends Item = Item>(partitions: string[], limit: number, until = new Date().toISOString()): Promise<T[]> {
    const found = await Promise.all(partitions.map(async (partition) => {
      const input = { TableName: TableName(), IndexName: 'by-due', KeyConditionExpression: 'due_pk = :pk AND due_at <= :until', ExpressionAttributeValues: typed({ ':pk': partition, ':until': until }), Limit: limit };
      return (await send(() => connection().send(new QueryCommand(input)))).Items ?? [];
    }));
    const items = await getMany<T>(found.flat().map((keys) => record<Key>(keys)));
    const stillDue = items.filter(({ due_pk, due_at }) => partitions.includes(due_pk) && due_at <= until);
    return stillDue.sort((a, b) => (a.due_at < b.due_at ? -1 : 1));
  }

  /** All or nothing, up to 100 writes. A token makes a repeated call (within 10 minutes) count once; our own retries have one anyway. */
  async function transact(writes: Write[], token: string = randomUUID()): Promise<void> {
    const TransactItems = writes.map((w): TransactWriteItem => {
      const base = { TableName: TableName() };
      if ('put' in w) return { Put: { ...base, Item: typed(kept(which, w.put)), ...conditional(w.if) } };
      if ('delete' in w) return { Delete: { ...base, Key: pick(w.delete), ...conditional(w.if) } };
      if ('check' in w) return { ConditionCheck: { ...base, Key: pick(w.check), ...(conditional(w.if) as { ConditionExpression: string }) } };
      return { Update: { ...base, Key: pick(w.update), ...updating(keptChange(w.change), w.if) } };
    });
    await send(() => connection().send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken: token })));
  }

  return { get, getMany, put, putNew, update, change, remove, walk, query, due, transact };
}

const pick = ({ pk, sk }: Key): Record<string, AttributeValue> => ({ pk: { S: pk }, sk: { S: sk } });

/** DynamoDB refuses to look for keys that no item can have; ids come from URLs, where anything may stand. */
const possible = ({ pk, sk }: Key) => pk !== '' && sk !== '' && Buffer.byteLength(pk) <= 2048 && Buffer.byteLength(sk) <= 1024;

/** A condition without any part is none: DynamoDB takes no empty expression. */
const demands = (condition: Condition | undefined): condition is Condition => condition !== undefined && Object.keys(condition).length > 0;

function conditional(condition: Condition | undefined) {
  if (!demands(condition)) return {};
  const expressions = new Expressions();
  const ConditionExpression = expressions.condition(condition);
  return { ConditionExpression, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const, ...parameters(expressions) };
}

function updating(change: Change, condition?: Condition) {
  const expressions = new Expressions();
  const UpdateExpression = expressions.change(change);
  const check = demands(condition) && { ConditionExpression: expressions.condition(condition), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };
  return { UpdateExpression, ...check, ...parameters(expressions) };
}

function selecting({ pk, index, between, descending, limit, filter, attributes, ...bounds }: Selection) {
  const expressions = new Expressions();
  // DynamoDB refuses an empty string as a key, though every key comes after it
  const [prefix, after] = [bounds.prefix || undefined, bounds.after || undefined];
  const [hash, range] = index === undefined ? ['pk', 'sk'] : [`${index}pk`, `${index}sk`];
  const conditions = [`${expressions.name(hash)} = ${expressions.bind(pk)}`];
  const sort = () => expressions.name(range);
  // a key condition takes one bound only, so "after, within a prefix" is a range
  if (between) conditions.push(`${sort()} BETWEEN ${expressions.bind(between[0] || '\0')} AND ${expressions.bind(between[1])}`);
  else if (prefix !== undefined && after !== undefined)
    conditions.push(`${sort()} BETWEEN ${descending ? `${expressions.bind(prefix)} AND ${expressions.bind(before(after))}` : `${expressions.bind(`${after}\0`)} AND ${expressions.bind(`${prefix}\uffff`)}`}`);
  else if (prefix !== undefined) conditions.push(`begins_with(${sort()}, ${expressions.bind(prefix)})`);
  else if (after !== undefined) conditions.push(`${sort()} ${descending ? '<' : '>'} ${expressions.bind(after)}`);
  return {
    ...(index && { IndexName: index }),
    KeyConditionExpression: conditions.join(' AND '),
    ...(filter && { FilterExpression: expressions.condition(filter) }),
    ...(attributes && { ProjectionExpression: attributes.map(expressions.name).join(', ') }),
    ...parameters(expressions),
    ConsistentRead: index === undefined,
    ScanIndexForward: !descending,
    ...(limit && !filter && { Limit: limit }),
  };
}

function parameters(expressions: Expressions) {
  const { ExpressionAttributeValues: values, ...names } = expressions.parameters();
  return { ...names, ...(values && { ExpressionAttributeValues: typed(values) }) };
}

/** The greatest string that sorts below this one, near enough: keys here are ASCII. */
const before = (key: string) => key.slice(0, -1) + String.fromCharCode(key.charCodeAt(key.length - 1) - 1) + '\uffff';
