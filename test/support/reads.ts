import { engineProxy } from './engine-proxy.ts';

interface Consumed { ConsumedCapacity?: { CapacityUnits?: number } | { CapacityUnits?: number }[] }

/** The request, asking what it consumes; and what its answer says of that. */
export const askingForUnits = (body: Buffer) => Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), ReturnConsumedCapacity: 'TOTAL' }));
export function unitsOf({ ConsumedCapacity: consumed = [] }: Consumed): number {
  return [consumed].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

/** Stands before DynamoDB and adds up what is read: `units` are what it costs, `items` what the functions are sent. */
export async function countedReads(endpoint: string) {
  let sum = { units: 0, items: 0 };
  const proxy = await engineProxy(endpoint, {
    asked: (_, body) => askingForUnits(body!),
    answered(_, body) {
      const answer = JSON.parse(body.toString()) as Consumed & { Items?: unknown[] };
      sum = { units: sum.units + unitsOf(answer), items: sum.items + (answer.Items?.length ?? 0) };
    },
  });
  return {
    endpoint: proxy.endpoint,
    stop: proxy.stop,
    /** What was read since it was asked last. */
    take() {
      const taken = sum;
      sum = { units: 0, items: 0 };
      return taken;
    },
  };
}
