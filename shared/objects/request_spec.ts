import type { Instance } from './instance.ts';

/** What of an instance decides where it goes: Nova's RequestSpec, which the question to nova-scheduler carries. It never changes during a launch. */
const parts = [
  'uuid', 'project_id', 'create_request_id', 'flavor', 'image_ref', 'image_properties', 'availability_zone', 'forced_host', 'forced_node', 'network_hosts', 'scheduler_hints',
] as const satisfies (keyof Instance)[];

export type Requested = Pick<Instance, (typeof parts)[number]>;

export const requestedOf = (instance: Requested): Requested =>
  Object.fromEntries(parts.flatMap((part) => (instance[part] === undefined ? [] : [[part, instance[part]]]))) as unknown as Requested;
