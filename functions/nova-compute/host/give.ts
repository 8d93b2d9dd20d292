import { StoreBusy, TransactionRefused } from '../../../shared/store/errors.ts';
import type { Write } from '../../../shared/store/table.ts';
import { journal } from '../journal.ts';
import { ring } from './ring.ts';

/** Gives a command, once, and rings; a repeated order only rings again. Throws StoreBusy where what goes with it (`more`) is refused. */
export async function give(host: string, command: Write[], more: Write[] = []): Promise<void> {
  try {
    await journal.transact([...command, ...more]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    const refused = (failed: TransactionRefused['failed']) => failed.some(({ conditionFailed }) => conditionFailed);
    if (!refused(error.failed.slice(0, command.length)) && refused(error.failed)) throw new StoreBusy('what the command tells is out of date', { cause: error });
  }
  await ring(host);
}
