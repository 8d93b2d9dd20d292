/** Tries again every so often until it succeeds, for up to `seconds`; then throws what it last threw. */
export async function eventually<T>(work: () => Promise<T>, seconds = 30, everyMs = 300): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
