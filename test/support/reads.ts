import { engineProxy } from './engine-proxy.ts';

/** Stands before DynamoDB and adds up what is read: `units` are what it costs, `items` what the functions are sent. */
export async function countedReads(endpoint: string) {
  let sum = { units: 0, items: 0 };
  const proxy = await engineProxy(endpoint, {
    asked: (_, body) => Buffer.from(JSON.stringify({ ...JSON.parse(body!.toString()), ReturnConsumedCapacity: 'TOTAL' })),
    answered(_, body) {
      const { ConsumedCapacity: consumed = [], Items = [] } = JSON.parse(body.toString()) as { ConsumedCapacity?: { CapacityUnits: number } | { CapacityUnits: number }[]; Items?: unknown[] };
      sum = { units: [consumed].flat().reduce((units, { CapacityUnits }) => units + CapacityUnits, sum.units), items: sum.items + Items.length };
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
