import { identityApi } from './service.ts';
import { outside, root } from './discovery.ts';

export const handler = identityApi([...root], outside);
