import type { Request } from '../../../shared/http/route.ts';
import type { View } from './list.ts';

/**
 * The answer to a POST of one resource, or of a list of them (Networking API v2.0, "Bulk-create"): all are made, or none. Those
 * already made are taken back where a later one fails.
 */
export async function createEach<Given, Made>(
  request: Request, resource: string, collection: string,
  create: (given: Given, nth: number) => Promise<Made>, view: (request: Request, made: Made) => View | Promise<View>, undo: (made: Made) => Promise<unknown>,
): Promise<Record<string, View | View[]>> {
  const body = request.body as Record<string, unknown>;
  if (!(collection in body)) return { [resource]: await view(request, await create(body[resource] as Given, 0)) };
  const made: Made[] = [];
  try {
    for (const [nth, given] of (body[collection] as Given[]).entries()) made.push(await create(given, nth));
  } catch (error) {
    for (const one of made.reverse()) await undo(one).catch(() => undefined);
    throw error;
  }
  return { [collection]: await Promise.all(made.map((one) => view(request, one))) };
}
