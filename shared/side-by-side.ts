/** Does the work for all of them, in no order and so many at a time. The first error is thrown at once, while the others go on with the rest. */
export async function sideBySide<T>(all: T[], atOnce: number, work: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, async () => {
    for (let one = queue.pop(); one !== undefined; one = queue.pop()) await work(one);
  }));
}
