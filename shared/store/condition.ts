/**
 * DynamoDB condition, update and key expressions out of plain objects, with every name and value bound as a placeholder.
 */

const MATCHER = Symbol('matcher');
interface Matcher {
  [MATCHER]: (name: string, bind: (value: unknown) => string, nameOf: (path: string) => string) => string;
}
const matcher = (render: Matcher[typeof MATCHER]): Matcher => ({ [MATCHER]: render });

export const exists = () => matcher((n) => `attribute_exists(${n})`);
export const absent = () => matcher((n) => `attribute_not_exists(${n})`);
export const absentOr = (value: unknown) => matcher((n, bind) => `(attribute_not_exists(${n}) OR ${n} = ${bind(value)})`);
export const oneOf = (...values: unknown[]) => matcher((n, bind) => `${n} IN (${values.map(bind).join(', ')})`);
export const not = (value: unknown) => matcher((n, bind) => `${n} <> ${bind(value)}`);
export const lessThan = (value: unknown) => matcher((n, bind) => `${n} < ${bind(value)}`);
export const atMost = (value: unknown) => matcher((n, bind) => `${n} <= ${bind(value)}`);
export const atLeast = (value: unknown) => matcher((n, bind) => `${n} >= ${bind(value)}`);
export const absentOrLessThan = (value: unknown) => matcher((n, bind) => `(attribute_not_exists(${n}) OR ${n} < ${bind(value)})`);
/** Less than what another attribute of the same item holds. */
export const lessThanAttribute = (other: string) => matcher((n, _bind, nameOf) => `${n} < ${nameOf(other)}`);
export const contains = (value: unknown) => matcher((n, bind) => `contains(${n}, ${bind(value)})`);
export const sizeBelow = (value: number) => matcher((n, bind) => `(attribute_not_exists(${n}) OR size(${n}) < ${bind(value)})`);

/** Attributes (dots reach into maps) with the value or matcher each must meet; an array is an OR of such objects. */
export type Condition = Record<string, unknown> | Record<string, unknown>[];

/** What an update does; dots in names reach into maps. */
export interface Change {
  set?: Record<string, unknown>;
  /** Set only where the attribute is not there yet. */
  setIfAbsent?: Record<string, unknown>;
  remove?: string[];
  /** Adds numbers (negative ones subtract), a missing attribute counting as 0; or unites sets. */
  add?: Record<string, unknown>;
  /** Takes elements out of sets; an emptied set is gone. */
  subtract?: Record<string, unknown>;
  /** Appends to lists, a missing one counting as empty. */
  append?: Record<string, unknown[]>;
}

export class Expressions {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, unknown> = {};
  #count = 0;
  #placeholders = new Map<string, string>();

  name = (path: string): string =>
    path
      .split('.')
      .map((part) => {
        let placeholder = this.#placeholders.get(part);
        if (!placeholder) {
          placeholder = `#n${this.#placeholders.size}`;
          this.#placeholders.set(part, placeholder);
          this.names[placeholder] = part;
        }
        return placeholder;
      })
      .join('.');

  bind = (value: unknown): string => {
    const placeholder = `:v${this.#count++}`;
    this.values[placeholder] = value;
    return placeholder;
  };

  condition(condition: Condition): string {
    // each part has its own parentheses where it needs any; DynamoDB refuses two pairs around the same
    if (Array.isArray(condition)) return condition.map((c) => (Object.keys(c).length > 1 ? `(${this.condition(c)})` : this.condition(c))).join(' OR ');
    return Object.entries(condition)
      .map(([path, expected]) => {
        const name = this.name(path);
        const render = (expected as Matcher | null)?.[MATCHER];
        return render ? render(name, this.bind, this.name) : `${name} = ${this.bind(expected)}`;
      })
      .join(' AND ');
  }

  change({ set = {}, setIfAbsent = {}, append = {}, remove = [], add = {}, subtract = {} }: Change): string {
    const sets = [
      ...defined(set).map(([path, value]) => `${this.name(path)} = ${this.bind(value)}`),
      ...defined(setIfAbsent).map(([path, value]) => `${this.name(path)} = if_not_exists(${this.name(path)}, ${this.bind(value)})`),
      ...defined(append).map(([path, value]) => `${this.name(path)} = list_append(if_not_exists(${this.name(path)}, ${this.bind([])}), ${this.bind(value)})`),
    ];
    const removes = remove.map(this.name);
    const adds = defined(add).map(([path, value]) => `${this.name(path)} ${this.bind(value)}`);
    const deletes = defined(subtract).map(([path, value]) => `${this.name(path)} ${this.bind(value)}`);
    return [sets.length && `SET ${sets.join(', ')}`, removes.length && `REMOVE ${removes.join(', ')}`, adds.length && `ADD ${adds.join(', ')}`, deletes.length && `DELETE ${deletes.join(', ')}`]
      .filter(Boolean)
      .join(' ');
  }

  /** The placeholders as DynamoDB's request parameters; empty ones are left out, as it refuses them. */
  parameters() {
    return {
      ...(Object.keys(this.names).length && { ExpressionAttributeNames: this.names }),
      ...(Object.keys(this.values).length && { ExpressionAttributeValues: this.values }),
    };
  }
}

const defined = (object: Record<string, unknown>) => Object.entries(object).filter(([, value]) => value !== undefined);
