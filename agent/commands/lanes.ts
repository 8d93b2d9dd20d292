interface Lane { waiting: { order: string; work: () => Promise<void> }[]; running: boolean }

/** Work on one subject runs in order, that on different ones side by side, at most `limit` at once. */
export function createLanes(limit: number) {
  const lanes = new Map<string, Lane>();
  const ready: string[] = [];
  let running = 0;

  function next(): void {
    while (running < limit && ready.length > 0) void run(ready.shift()!);
  }
  async function run(subject: string): Promise<void> {
    const lane = lanes.get(subject)!;
    const { work } = lane.waiting.shift()!;
    running++;
    lane.running = true;
    await work();
    running--;
    lane.running = false;
    if (lane.waiting.length > 0) ready.push(subject);
    else lanes.delete(subject);
    next();
  }

  return {
    busy: (subject: string) => lanes.has(subject),
    /** `order` sorts what waits on the subject, '' before all. `work` must not throw. */
    add(subject: string, order: string, work: () => Promise<void>): void {
      const lane = lanes.get(subject) ?? { waiting: [], running: false };
      if (!lanes.has(subject)) {
        lanes.set(subject, lane);
        ready.push(subject);
      }
      const place = lane.waiting.findIndex((each) => each.order > order);
      lane.waiting.splice(place < 0 ? lane.waiting.length : place, 0, { order, work });
      next();
    },
  };
}
