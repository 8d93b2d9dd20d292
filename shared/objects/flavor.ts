import type { Key } from '../store/table.ts';
import type { InstanceFlavor } from './instance.ts';

/** A flavor in the nova table. */
export interface Flavor extends Key, InstanceFlavor {
  is_public: boolean;
  disabled: boolean;
  description: string | null;
  /** Projects that may use it, where it is not public. */
  projects: string[];
  created_at: string;
  updated_at: string | null;
  /** Grows with every change. */
  revision: number;
  [attribute: string]: unknown;
}

export const FLAVORS = 'FLAVORS';
export const flavorKey = (flavorid: string): Key => ({ pk: FLAVORS, sk: `FLAVOR#${flavorid}` });
/** Holds a flavor's name, which is unique. */
export const flavorNameKey = (name: string): Key => ({ pk: FLAVORS, sk: `NAME#${name}` });
