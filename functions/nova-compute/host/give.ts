import { TransactionRefused } from '../../../shared/store/errors.ts';
import type { Write } from '../../../shared/store/table.ts';
import { journal } from '../journal.ts';
import { ring } from './ring.ts';

/** Gives a command, once, and rings; a repeated order only rings again. */
export async function give(host: string, command: Write[]): Promise<void> {
  try {
    await journal.transact(command);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
  await ring(host);
}
