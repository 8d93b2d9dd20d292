/** A condition did not hold; `item` is what stands there instead (undefined where nothing does). */
export class ConditionFailed extends Error {
  override name = 'ConditionFailed';
  readonly item: Record<string, unknown> | undefined;
  constructor(item?: Record<string, unknown>) {
    super('the record is not in the state that this change needs');
    this.item = item;
  }
}

/** A transaction was refused; `failed[i]` says whether the i-th operation's condition was the reason, with the item that stands there. */
export class TransactionRefused extends Error {
  override name = 'TransactionRefused';
  readonly failed: { conditionFailed: boolean; item?: Record<string, unknown> }[];
  constructor(failed: { conditionFailed: boolean; item?: Record<string, unknown> }[]) {
    super('a condition of the transaction did not hold');
    this.failed = failed;
  }
}

/** The table stayed throttled or contended through all retries: becomes 503, never 500. */
export class StoreBusy extends Error {
  override name = 'StoreBusy';
}
