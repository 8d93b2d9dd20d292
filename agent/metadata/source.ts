import type { SpawnArgs } from '../../shared/agent/command.ts';

/** What a guest may know of itself: what it was spawned with, its name, metadata and interfaces as they are now. */
export type MetadataSource = SpawnArgs;

/** What stands under one path. */
export interface Item { body: Buffer; json: boolean }
